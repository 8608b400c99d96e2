{{/*
The default label of each plugin, the audiences that it recognizes, and how many seconds a token must remain valid when it
is replaced. `sts-gateway` has the same values; a test compares
them.
*/}}
{{- define "sts-gateway.pluginDefaults" -}}
anthropic: {label: anthropic, recognizes: []}
aws: {label: aws-role, recognizes: [sts.amazonaws.com, sts.aws.com]}
azure: {label: azure-client, recognizes: [api://AzureADTokenExchange, api://AzureADTokenExchangeUSGov, api://AzureADTokenExchangeChina], renewBefore: 720}
gcp: {label: gcp-service-account, recognizes: [], prefixes: [//iam.googleapis.com/projects/, https://iam.googleapis.com/projects/]}
kubernetes: {label: kubernetes, recognizes: [], renewBefore: 120}
oidc: {label: oidc, recognizes: []}
vault: {label: vault-role, recognizes: []}
{{- end }}

{{/*
The same of the built-in presets, with their plugin. Those of gateway.presets are added to them.
*/}}
{{- define "sts-gateway.presetDefaults" -}}
anthropic: {plugin: oidc, label: anthropic, recognizes: [https://api.anthropic.com]}
confluent: {plugin: oidc, label: confluent, recognizes: []}
databricks: {plugin: oidc, label: databricks, recognizes: []}
hcp: {plugin: oidc, label: hcp, recognizes: []}
mongodb: {plugin: oidc, label: mongodb, recognizes: []}
openai: {plugin: oidc, label: openai, recognizes: [https://api.openai.com/v1]}
openai-codex: {plugin: oidc, label: openai-codex, recognizes: []}
openrouter: {plugin: oidc, label: openrouter, recognizes: []}
pulumi: {plugin: oidc, label: pulumi, recognizes: []}
snowflake: {plugin: oidc, label: snowflake, recognizes: [snowflakecomputing.com]}
tailscale: {plugin: oidc, label: tailscale, recognizes: []}
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

{{/* presets.json; empty without presets of your own. */}}
{{- define "sts-gateway.presetsJSON" -}}
{{- with .Values.gateway.presets }}
{{- dict "presets" . | toPrettyJson }}
{{- end }}
{{- end }}
