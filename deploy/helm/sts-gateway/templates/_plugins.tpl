{{/*
What the chart has to know of the plugins: the default label, and the audiences that they recognize. It is what
`sts-gateway` has in itself, and a test compares the two.
*/}}
{{- define "sts-gateway.pluginDefaults" -}}
aws: {label: aws-role, recognizes: [sts.amazonaws.com, sts.aws.com]}
oidc: {label: oidc, recognizes: []}
{{- end }}

{{/* "aws, gcp or oidc" of a list. */}}
{{- define "sts-gateway.choice" -}}
{{- if gt (len .) 1 }}{{ join ", " (initial .) }} or {{ end }}{{ last . }}
{{- end }}

{{- define "sts-gateway.pluginsJSON" -}}
{"plugins": [
{{- range $index, $plugin := .Values.gateway.plugins }}
{{- if $index }},{{ end }}
  {{ toJson $plugin }}
{{- end }}
]}
{{ end }}
