{{/*
The default label of each plugin and the audiences that it recognizes. `sts-gateway` has the same values; a test compares
them.
*/}}
{{- define "sts-gateway.pluginDefaults" -}}
aws: {label: aws-role, recognizes: [sts.amazonaws.com, sts.aws.com]}
oidc: {label: oidc, recognizes: []}
{{- end }}

{{/* A list as text: "aws, gcp or oidc". */}}
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
