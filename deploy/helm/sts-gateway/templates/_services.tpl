{{/* The common part of the three Services. */}}
{{- define "sts-gateway.serviceSpec" -}}
selector:
  {{- include "sts-gateway.selectorLabels" . | nindent 2 }}
{{- with .Values.gateway.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.gateway.ipFamilies }}
ipFamilies:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
