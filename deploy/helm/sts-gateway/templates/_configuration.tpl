{{- define "sts-gateway.configurationFolder" -}}/etc/sts-gateway/configuration{{- end }}
{{- define "sts-gateway.pluginsFolder" -}}/etc/sts-gateway/plugins{{- end }}
{{- define "sts-gateway.certificateFolder" -}}/etc/sts-gateway/tls{{- end }}

{{/* Where the gateway listens: all addresses, including IPv6 if the Services or the cluster have it. */}}
{{- define "sts-gateway.anyAddress" -}}
{{- $cluster := (lookup "v1" "Service" "default" "kubernetes").spec | default dict }}
{{- if or (has "IPv6" .Values.gateway.ipFamilies) (hasSuffix "DualStack" .Values.gateway.ipFamilyPolicy)
    (has "IPv6" ($cluster.ipFamilies | default list)) -}}
[::]
{{- else -}}
0.0.0.0
{{- end }}
{{- end }}

{{/* The process ends before the kubelet kills it. */}}
{{- define "sts-gateway.shutdownTimeout" -}}
{{- printf "%ds" (max 1 (sub (int .Values.gateway.terminationGracePeriodSeconds) 5)) }}
{{- end }}

{{/* gateway.yaml without the endpoints: the chart's values, overridden by `gateway.configuration`. */}}
{{- define "sts-gateway.settings" -}}
{{- $full := include "sts-gateway.fullname" . }}
{{- $any := include "sts-gateway.anyAddress" . }}
{{- $own := dict
  "listeners" (dict
    "tokens" (printf "%s:8443" $any) "webhook" (printf "%s:9443" $any) "admin" (printf "%s:9090" $any))
  "limits" (dict "shutdownTimeout" (include "sts-gateway.shutdownTimeout" .))
  "injection" (dict
    "gatewayURL" (printf "https://%s.%s.svc:%v" $full .Release.Namespace .Values.gateway.services.tokens.port)
    "sidecar" (dict "image" (include "sts-gateway.image" (dict "image" .Values.gateway.sidecar.image "root" .)))
    "webhook" (dict "service" (printf "%s-webhook" $full) "configuration" $full
      "excludedNamespaces" .Values.gateway.webhook.excludedNamespaces)) }}
{{- if .Values.gateway.node.enabled }}
  {{- $_ := set $own.injection "nodeDriver" .Values.gateway.node.driver }}
  {{- $_ := set $own.injection "caConfigMap" (printf "%s/%s"
      (.Values.gateway.node.namespace | default .Release.Namespace) .Values.gateway.node.caConfigMap) }}
{{- end }}
{{- if .Values.gateway.certManager.enabled }}
  {{- $folder := include "sts-gateway.certificateFolder" . }}
  {{- $files := dict
    "certificate" (printf "%s/tls.crt" $folder)
    "key" (printf "%s/tls.key" $folder)
    "ca" (printf "%s/ca.crt" $folder) }}
  {{- $_ := set $own "tls" (dict "certificates" (list $files)) }}
{{- end }}
{{- $names := include "sts-gateway.passedThroughHosts" . | fromJsonArray }}
{{- if and $names (not .Values.gateway.certManager.enabled) (not .Values.gateway.configuration.tls) }}
  {{- $_ := set $own "tls" (dict "names" $names) }}
{{- end }}
{{- mergeOverwrite $own (deepCopy .Values.gateway.configuration) | toYaml }}
{{- end }}

{{/* gateway.yaml */}}
{{- define "sts-gateway.configuration" -}}
{{- with .Values.cluster | default (get .Values "k8s_cluster_name") }}
cluster: {{ . | toString | quote }}
{{- end }}
{{ include "sts-gateway.settings" . }}
sts:
  {{- toYaml .Values.sts | nindent 2 }}
{{- end }}

{{/* The port of a listener: list . NAME */}}
{{- define "sts-gateway.port" -}}
{{- $settings := include "sts-gateway.settings" (first .) | fromYaml }}
{{- get $settings.listeners (last .) | splitList ":" | last }}
{{- end }}

{{/* Checksum of the keys that need a restart. The running gateway reloads changes of the other keys. */}}
{{- define "sts-gateway.restartChecksum" -}}
{{- $settings := include "sts-gateway.settings" . | fromYaml }}
{{- $fixed := pick $settings "listeners" "limits" "tls" "review" "keyStore" "log" }}
{{- $_ := set $fixed "webhook" (pick $settings.injection.webhook "service" "clientCA") }}
{{- $fixed | toJson | sha256sum }}
{{- end }}

{{/* Which permissions the configuration needs: "true" or empty. */}}
{{- define "sts-gateway.createsTokenReviews" -}}
{{- $review := (include "sts-gateway.settings" . | fromYaml).review | default dict }}
{{- if not (or $review.offline $review.jwks (eq ($review.kind | default "") "offline")) }}true{{ end }}
{{- end }}

{{- define "sts-gateway.storesSecrets" -}}
{{- $store := (include "sts-gateway.settings" . | fromYaml).keyStore | default dict }}
{{- if not (or $store.directory $store.path (eq ($store.kind | default "") "directory")) }}true{{ end }}
{{- end }}

{{- define "sts-gateway.listsPods" -}}
{{- $search := (include "sts-gateway.settings" . | fromYaml).injection.uninjectedPods | default dict }}
{{- if ne (toString $search.enabled) "false" }}true{{ end }}
{{- end }}

{{- define "sts-gateway.createsEvents" -}}
{{- $audit := (include "sts-gateway.settings" . | fromYaml).audit | default dict }}
{{- if ne (toString $audit.events) "false" }}true{{ end }}
{{- end }}

{{- define "sts-gateway.prefix" -}}
{{- (include "sts-gateway.settings" . | fromYaml).injection.prefix | default "tremolo.io" }}
{{- end }}
