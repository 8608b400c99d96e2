{{/*
The routes that are exposed: JSON, a list of {host, paths: [{path, exact}]}. The webhook has its own port and is never
exposed. dict "root" . "routing" INGRESS-OR-ROUTE
*/}}
{{- define "sts-gateway.routedPaths" -}}
{{- $endpoints := (include "sts-gateway.reading" .root | fromJson).endpoints }}
{{- $paths := list }}
{{- if .routing.tokens }}{{ $paths = append $paths (dict "path" "/ca-bundle" "exact" true) }}{{ end }}
{{- range $endpoints }}
  {{- $path := .path }}
  {{- range concat (list "/.well-known/openid-configuration" "/certs" "/issuer-docs") (compact (list .issuer.jwksPath)) }}
    {{- $paths = append $paths (dict "path" (printf "%s%s" $path .) "exact" true) }}
  {{- end }}
  {{- if $.routing.tokens }}
    {{- $paths = append $paths (dict "path" (printf "%s/sig-cert" $path) "exact" true) }}
    {{- $paths = append $paths (dict "path" (printf "%s/token" $path) "exact" false) }}
  {{- end }}
{{- end }}
{{- $byHost := dict }}
{{- range .routing.hosts }}
  {{- $_ := set $byHost . $paths }}
{{- end }}
{{- if .routing.issuers }}
  {{- range $endpoint := $endpoints }}
    {{- $own := list }}
    {{- range concat (list "/.well-known/openid-configuration" "/certs") (compact (list $endpoint.issuer.jwksPath)) }}
      {{- $own = append $own (dict "path" (printf "%s%s" $endpoint.issuer.path .) "exact" true) }}
    {{- end }}
    {{- with lower $endpoint.issuer.host }}
      {{- $_ := set $byHost . (concat (get $byHost . | default list) $own | uniq) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $routes := list }}
{{- range $host := keys $byHost | sortAlpha }}
  {{- $routes = append $routes (dict "host" $host "paths" (get $byHost $host)) }}
{{- end }}
{{- toJson $routes }}
{{- end }}

{{/* Host names of a TLSRoute, for which the gateway itself serves the certificate. */}}
{{- define "sts-gateway.passedThroughHosts" -}}
{{- $route := .Values.gateway.route }}
{{- $hosts := list }}
{{- if and $route.enabled (eq $route.kind "TLSRoute") }}
{{- range include "sts-gateway.routedPaths" (dict "root" . "routing" $route) | fromJsonArray }}
{{- $hosts = append $hosts .host }}
{{- end }}
{{- end }}
{{- toJson $hosts }}
{{- end }}
