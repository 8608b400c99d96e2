{{/*
The endpoints as the gateway parses them (name, path, plugin, label), and their problems with the texts of
`config check`: JSON with the lists "endpoints" and "problems". The Job of the hook reports all other problems.
*/}}
{{- define "sts-gateway.reading" -}}
{{- $defaults := include "sts-gateway.pluginDefaults" . | fromYaml }}
{{- $presets := include "sts-gateway.presetDefaults" . | fromYaml }}
{{- range .Values.gateway.presets }}
  {{- $_ := set $presets .id (dict
      "plugin" .plugin "label" .label "recognizes" (.recognizedAudiences | default list)) }}
{{- end }}
{{- $mounted := list }}
{{- range .Values.gateway.plugins }}{{ $mounted = append $mounted .id }}{{ end }}
{{- $words := include "sts-gateway.choice" (sortAlpha $mounted) }}
{{- $names := dict }}
{{- $paths := dict }}
{{- $endpoints := list }}
{{- $problems := list }}
{{- range $index, $given := .Values.sts.endpoints }}
  {{- $place := printf "sts.endpoints[%d]" $index }}
  {{- $path := $given.path | default (printf "/%s" $given.name) }}
  {{- if hasKey $names $given.name }}
    {{- $problems = append $problems (printf
        "%s.name: duplicate of %s.name (%q); use a different name"
        $place (get $names $given.name) $given.name) }}
  {{- end }}
  {{- if hasKey $paths $path }}
    {{- $problems = append $problems (printf
        "%s.path: duplicate of %s.path (%q); use a different path"
        $place (get $paths $path) $path) }}
  {{- end }}
  {{- $_ := set $names $given.name $place }}
  {{- $_ := set $paths $path $place }}
  {{- $plugin := "" }}
  {{- $preset := dict }}
  {{- if $given.preset }}
    {{- $preset = get $presets $given.preset | default dict }}
    {{- $plugin = $given.plugin | default ($preset.plugin | default "oidc") }}
  {{- else if $given.plugin }}
    {{- if has $given.plugin $mounted }}
      {{- $plugin = $given.plugin }}
    {{- else }}
      {{- $problems = append $problems (printf
          "%s.plugin: unknown plugin %q; expected %s"
          $place $given.plugin $words) }}
    {{- end }}
  {{- else if has $given.name $mounted }}
    {{- $plugin = $given.name }}
  {{- else }}
    {{- $plugin = include "sts-gateway.recognizing" (dict
        "audience" $given.audience "mounted" $mounted "defaults" $defaults) }}
    {{- if not $plugin }}
      {{- $found := include "sts-gateway.recognizing" (dict
          "audience" $given.audience "mounted" (keys $presets) "defaults" $presets) }}
      {{- $preset = get $presets $found | default dict }}
      {{- if and $given.audience (has "oidc" $mounted) }}{{ $plugin = "oidc" }}{{ end }}
    {{- end }}
    {{- if not $plugin }}
      {{- $problems = append $problems (printf
          "%s.plugin: missing required key, as neither name nor audience identifies the plugin; expected %s"
          $place $words) }}
    {{- end }}
  {{- end }}
  {{- if $plugin }}
    {{- $injector := $given.injector | default dict }}
    {{- $default := get $defaults $plugin | default dict }}
    {{- $label := $injector.label | default $preset.label }}
    {{- if not (or $label $given.preset) }}{{ $label = $default.label }}{{ end }}
    {{- if not $label }}
      {{- $problems = append $problems (printf
          "%s.injector.label: missing required key, as the chart does not know the plugin %s; expected its label"
          $place $plugin) }}
    {{- end }}
    {{- $own := $given.issuer | default dict }}
    {{- $issuer := dict "host" ($own.host | default "") "path" ($own.path | default "")
        "jwksPath" ($own.jwksPath | default "") }}
    {{- $endpoints = append $endpoints (dict
        "name" $given.name "path" $path "plugin" $plugin "label" $label "issuer" $issuer
        "renewBefore" ($default.renewBefore | default 0)
        "isPublished" (not (empty $given.publish))) }}
  {{- end }}
{{- end }}
{{- dict "endpoints" $endpoints "problems" $problems | toJson }}
{{- end }}

{{/* The only plugin that recognizes one of the audiences; empty if there is none or more than one. */}}
{{- define "sts-gateway.recognizing" -}}
{{- $audiences := kindIs "slice" .audience | ternary .audience (list .audience) }}
{{- $found := list }}
{{- range $id := .mounted }}
  {{- $default := get $.defaults $id | default dict }}
  {{- range $default.recognizes }}
    {{- if has . $audiences }}{{ $found = append $found $id }}{{ end }}
  {{- end }}
  {{- range $prefix := $default.prefixes }}
    {{- range $audiences }}
      {{- if hasPrefix $prefix (. | default "") }}{{ $found = append $found $id }}{{ end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $found = uniq $found }}
{{- if eq (len $found) 1 }}{{ first $found }}{{ end }}
{{- end }}

{{- define "sts-gateway.check" -}}
{{- $reading := include "sts-gateway.reading" . | fromJson }}
{{- $problems := $reading.problems }}
{{- $names := list }}
{{- range $reading.endpoints }}{{ $names = append $names .name }}{{ end }}
{{- range $name := keys .Values.gateway.webhook.endpoints | sortAlpha }}
  {{- if and (not $problems) (not (has $name $names)) }}
    {{- $problems = append $problems (printf "gateway.webhook.endpoints: unknown endpoint %q; expected %s"
        $name (include "sts-gateway.choice" $names)) }}
  {{- end }}
{{- end }}
{{- $fixed := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version"
    "app.kubernetes.io/managed-by" "app.kubernetes.io/component" "helm.sh/chart" }}
{{- range $place := list "commonLabels" "podLabels" }}
  {{- range $label := keys (get $.Values.gateway $place) | sortAlpha }}
    {{- if has $label $fixed }}
      {{- $problems = append $problems (printf "gateway.%s: the label %s is set by the chart; remove it"
          $place $label) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if $problems }}
{{- fail (printf "\n%s" (join "\n" $problems)) }}
{{- end }}
{{- end }}

{{/* "true" if a rule or a claim uses an attribute with one of the prefixes: list . PREFIX… */}}
{{- define "sts-gateway.usesAttributes" -}}
{{- $root := first . }}
{{- $found := false }}
{{- range $given := $root.Values.sts.endpoints }}
  {{- $text := list $given.azRules $given.additionalAttributes
      (get ($given.token | default dict) "claims") | toJson | lower }}
  {{- range $prefix := rest $ }}
    {{- if contains $prefix $text }}{{ $found = true }}{{ end }}
  {{- end }}
{{- end }}
{{- if $found }}true{{ end }}
{{- end }}
