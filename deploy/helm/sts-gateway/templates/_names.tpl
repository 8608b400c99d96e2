{{- define "sts-gateway.name" -}}
{{- .Values.gateway.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Of all objects; short enough for "<this>-webhook" and the like to be labels. */}}
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

{{/* The Secret of a certificate that cert-manager makes. */}}
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
