{{/* The two labels that select a workload's pods. */}}
{{- define "build.selectorLabels" -}}
app.kubernetes.io/name: {{ .name | quote }}
app.kubernetes.io/instance: {{ .name | quote }}
{{- end }}

{{/* The labels of everything. */}}
{{- define "build.labels" -}}
{{ include "build.selectorLabels" . }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: build
app.kubernetes.io/managed-by: berth
{{- end }}

{{/* The stage's namespace. Without a stage's values nothing is rendered. */}}
{{- define "build.namespace" -}}
{{- $stage := required "which stage? Add -f values-stg.yaml or -f values-prod.yaml" .Values.stage -}}
{{- .Values.namespace | quote -}}
{{- end }}
