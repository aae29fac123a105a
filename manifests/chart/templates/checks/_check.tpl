{{/*
One of v2's checks, of (dict "root" $ "name" ... "values" .Values.check.x "account" ... "env" (list of variables) "main" container name
"grace" seconds). What extraEnvs says outranks "env".
*/}}
{{- define "kuberhealthy.check" -}}
{{- $security := .root.Values.securityContext -}}
apiVersion: comcast.github.io/v1
kind: KuberhealthyCheck
metadata:
  name: {{ .name }}
  namespace: {{ include "kuberhealthy.namespace" .root }}
  labels:
    {{- include "kuberhealthy.labels" .root | nindent 4 }}
spec:
  runInterval: {{ .values.runInterval | quote }}
  timeout: {{ .values.timeout | quote }}
  podSpec:
    restartPolicy: Never
    {{- with .account }}
    serviceAccountName: {{ . }}
    {{- end }}
    {{- with .grace }}
    terminationGracePeriodSeconds: {{ . }}
    {{- end }}
    {{- with .root.Values.imagePullSecrets }}
    imagePullSecrets:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if $security.enabled }}
    securityContext:
      {{- include "kuberhealthy.podSecurityContext" $security | nindent 6 }}
    {{- end }}
    containers:
      - name: {{ .main | default "main" }}
        image: {{ include "kuberhealthy.imageOf" (dict "root" .root "image" .values.image) | quote }}
        imagePullPolicy: IfNotPresent
        {{- $extra := .values.extraEnvs | default dict }}
        {{- $env := list }}
        {{- range .env }}
        {{- if not (hasKey $extra .name) }}{{ $env = append $env . }}{{ end }}
        {{- end }}
        {{- if or $env $extra }}
        env:
          {{- with $env }}
          {{- toYaml . | nindent 10 }}
          {{- end }}
          {{- range $key, $value := $extra }}
          - name: {{ $key }}
            value: {{ include "kuberhealthy.text" $value }}
          {{- end }}
        {{- end }}
        {{- with .values.resources }}
        resources:
          {{- toYaml . | nindent 10 }}
        {{- end }}
        {{- if $security.enabled }}
        securityContext:
          {{- include "kuberhealthy.containerSecurityContext" $security | nindent 10 }}
        {{- end }}
    {{- with .values.nodeSelector }}
    nodeSelector:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .values.tolerations }}
    tolerations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end -}}

{{/* A variable that is a field of the pod. */}}
{{- define "kuberhealthy.fieldEnv" -}}
name: {{ .name }}
valueFrom:
  fieldRef:
    fieldPath: {{ .path }}
{{- end -}}

{{/* metadata of an object that a check needs: (dict "root" $ "name" ... "cluster" true for one without a namespace). */}}
{{- define "kuberhealthy.checkMetadata" -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ include "kuberhealthy.namespace" .root }}
{{- end }}
labels:
  {{- include "kuberhealthy.labels" .root | nindent 2 }}
{{- end -}}

{{/* The rights of a check's account, bound: (dict "root" $ "role" ... "binding" ... "account" ... "cluster" bool "rules" text). */}}
{{- define "kuberhealthy.checkRights" -}}
{{- $prefix := ternary "Cluster" "" (default false .cluster) -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $prefix }}Role
metadata:
  {{- include "kuberhealthy.checkMetadata" (dict "root" .root "name" .role "cluster" .cluster) | nindent 2 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $prefix }}RoleBinding
metadata:
  {{- include "kuberhealthy.checkMetadata" (dict "root" .root "name" .binding "cluster" .cluster) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $prefix }}Role
  name: {{ .role }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ include "kuberhealthy.namespace" .root }}
{{- end -}}

{{- define "kuberhealthy.checkAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "kuberhealthy.checkMetadata" . | nindent 2 }}
{{- end -}}
