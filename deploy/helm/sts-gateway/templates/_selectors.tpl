{{/* The requirements of label selectors, as matchExpressions: list SELECTOR… */}}
{{- define "sts-gateway.addedSelectors" -}}
{{- range $selector := . }}
{{- with $selector }}
{{- range $key, $value := .matchLabels }}
- {key: {{ $key }}, operator: In, values: [{{ $value | quote }}]}
{{- end }}
{{- with .matchExpressions }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The webhook configurations of others that select Pods by a label of this release: JSON list of their names. Empty where
the API server is not read, as with `helm template`.
*/}}
{{- define "sts-gateway.otherConfigurations" -}}
{{- $keys := list }}
{{- $prefix := include "sts-gateway.prefix" . }}
{{- range (include "sts-gateway.reading" . | fromJson).endpoints }}
  {{- $keys = append $keys (printf "%s/%s" $prefix .label) }}
{{- end }}
{{- $service := printf "%s/%s-webhook" .Release.Namespace (include "sts-gateway.fullname" .) }}
{{- $found := list }}
{{- range $configuration := (lookup "admissionregistration.k8s.io/v1" "MutatingWebhookConfiguration" "" "").items }}
  {{- range $webhook := $configuration.webhooks }}
    {{- $called := ($webhook.clientConfig | default dict).service | default dict }}
    {{- if ne (printf "%s/%s" $called.namespace $called.name) $service }}
      {{- range ($webhook.objectSelector | default dict).matchExpressions }}
        {{- if and (has .key $keys) (ne .operator "DoesNotExist") }}
          {{- $found = append $found $configuration.metadata.name }}
        {{- end }}
      {{- end }}
      {{- range $key, $value := ($webhook.objectSelector | default dict).matchLabels }}
        {{- if has $key $keys }}{{ $found = append $found $configuration.metadata.name }}{{ end }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- uniq $found | toJson }}
{{- end }}
