{{- define "sts-gateway.name" -}}
{{- .Values.gateway.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The name of all objects, short enough that "<name>-webhook" and similar names are valid labels. */}}
{{- define "sts-gateway.fullname" -}}
{{- $name := include "sts-gateway.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- .Values.gateway.fullnameOverride | default $full | trunc 48 | trimSuffix "-" }}
{{- end }}

{{- define "sts-gateway.serviceAccountName" -}}
{{- $account := .Values.gateway.serviceAccount }}
{{- if $account.create }}
{{- $account.name | default (include "sts-gateway.fullname" .) }}
{{- else }}
{{- $account.name | default "default" }}
{{- end }}
{{- end }}

{{/* The Secret of the certificate that cert-manager issues. */}}
{{- define "sts-gateway.certificateName" -}}
{{ include "sts-gateway.fullname" . }}-tls
{{- end }}

{{/* dict "image" IMAGE "root" . */}}
{{- define "sts-gateway.image" -}}
{{- if .image.digest }}
{{- printf "%s@%s" .image.repository .image.digest }}
{{- else }}
{{- printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion) }}
{{- end }}
{{- end }}
