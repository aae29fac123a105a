{{/* The name of every object. v2's clients and pages know it as "kuberhealthy", whatever the release is called. */}}
{{- define "kuberhealthy.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "kuberhealthy.namespace" -}}
{{- .Values.namespace | default .Release.Namespace -}}
{{- end -}}

{{- define "kuberhealthy.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "kuberhealthy.name" .) -}}
{{- end -}}

{{/* What selects Kuberhealthy's pods. v2's, so that a release of its chart can be upgraded to this one. */}}
{{- define "kuberhealthy.selector" -}}
app: {{ include "kuberhealthy.name" . }}
{{- end -}}

{{- define "kuberhealthy.labels" -}}
{{ include "kuberhealthy.selector" . }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* An image of registry, repository and tag: (dict "root" $ "image" .Values.image). */}}
{{- define "kuberhealthy.imageOf" -}}
{{- $registry := .image.registry -}}
{{- if and .root.Values.imageRegistry (kindIs "string" .root.Values.imageRegistry) -}}
{{- $registry = .root.Values.imageRegistry -}}
{{- end -}}
{{- with $registry }}{{ . | trimSuffix "/" }}/{{ end -}}
{{- .image.repository -}}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "kuberhealthy.image" -}}
{{- .Values.imageURL | default (include "kuberhealthy.imageOf" (dict "root" . "image" .Values.image)) -}}
{{- end -}}

{{/* The namespaces that are served, separated by commas; blank is all of them. */}}
{{- define "kuberhealthy.targetNamespaces" -}}
{{- $names := list -}}
{{- range .Values.targetNamespaces | default (splitList "," (.Values.deployment.env.TARGET_NAMESPACE | default "")) -}}
{{- with trim . }}{{ $names = append $names . }}{{ end -}}
{{- end -}}
{{- uniq $names | join "," -}}
{{- end -}}

{{/* Where checker pods report to; blank where the program finds it out by itself. */}}
{{- define "kuberhealthy.reportingURL" -}}
{{- $name := include "kuberhealthy.name" . -}}
{{- $port := int .Values.service.externalPort -}}
{{- if .Values.deployment.env.KH_EXTERNAL_REPORTING_URL -}}
{{- .Values.deployment.env.KH_EXTERNAL_REPORTING_URL -}}
{{- else if or (ne $name "kuberhealthy") (ne $port 80) (ne .Values.clusterDomain "cluster.local") -}}
{{- $host := printf "%s.%s.svc.%s" $name (include "kuberhealthy.namespace" .) .Values.clusterDomain -}}
http://{{ $host }}{{ if ne $port 80 }}:{{ $port }}{{ end }}/externalCheckStatus
{{- end -}}
{{- end -}}

{{/* Of Kuberhealthy's own pods: .Values.securityContext. */}}
{{- define "kuberhealthy.ownPodSecurityContext" -}}
{{- $context := include "kuberhealthy.podSecurityContext" . | fromYaml -}}
{{- if .enabled -}}
{{- $_ := set $context "runAsGroup" (int64 .runAsGroup) -}}
{{- else -}}
{{- $context = omit $context "runAsUser" "fsGroup" -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{- define "kuberhealthy.podSecurityContext" -}}
runAsNonRoot: {{ .runAsNonRoot }}
runAsUser: {{ int64 .runAsUser }}
fsGroup: {{ int64 .fsGroup }}
{{- with .seccompProfile }}
seccompProfile:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "kuberhealthy.containerSecurityContext" -}}
allowPrivilegeEscalation: {{ .allowPrivilegeEscalation }}
readOnlyRootFilesystem: {{ .readOnlyRootFilesystem }}
{{- with .capabilities }}
capabilities:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A value of a variable as text: 1000000 and not 1e+06, which is what a number would print as. */}}
{{- define "kuberhealthy.text" -}}
{{- if kindIs "string" . }}{{ . | quote }}{{ else }}{{ toJson . | quote }}{{ end -}}
{{- end -}}
