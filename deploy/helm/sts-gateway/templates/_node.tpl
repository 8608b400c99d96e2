{{/* The labels of the node driver's Pods are none of the gateway's Services. */}}
{{- define "sts-gateway.nodeSelectorLabels" -}}
app.kubernetes.io/name: {{ include "sts-gateway.name" . }}-node
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* dict "root" . "name" NAME */}}
{{- define "sts-gateway.nodeMetadata" -}}
name: {{ .name }}
namespace: {{ .root.Values.gateway.node.namespace | default .root.Release.Namespace }}
labels:
  {{- include "sts-gateway.labels" .root | nindent 2 }}
{{- end }}

{{/* The audience of the Pods' ServiceAccount tokens: the default of `subjectToken.audiences`. */}}
{{- define "sts-gateway.nodeAudience" -}}
{{- .Values.gateway.node.audience | default (printf "sts-gateway.%s.svc" .Release.Namespace) }}
{{- end }}
