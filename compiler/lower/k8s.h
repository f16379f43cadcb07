/* Shared by the files that lower to Kubernetes. */
#ifndef BERTH_LOWER_K8S_H
#define BERTH_LOWER_K8S_H

#include "berth/lower.h"

struct k8s {
	struct lower *l;
	struct graph *g;
	struct arena *a;
	struct program *p;
	const struct value *ns; /* the namespace */
	struct ecs *aws;        /* what the stage says of its AWS account, or NULL when no workload needs it */
	struct map files;       /* SOPS files that were read: their name -> a list with their document, or an empty one */
	VEC(struct resource *) needs; /* of the workload being made: what is there before it */
};

/* k8s_doc.c */
struct doc *k_add(struct k8s *k, struct object *o, const char *text, const char *because);
struct doc *k_int(struct k8s *k, struct object *o, int64_t n, const char *because);
struct doc *k_bool(struct k8s *k, struct object *o, bool b, const char *because);
struct doc *k_of_int(struct k8s *k, const struct value *v, int64_t n);
struct doc *k_of(struct k8s *k, const struct value *v, const char *text);
struct doc *k_of_bool(struct k8s *k, const struct value *v);
/* apiVersion, kind, metadata with name, namespace and labels; the name is checked against the kind's rule. */
struct doc *k_object(struct k8s *k, int kind, struct object *node, const char *name);
/* The same, added, under the name STEM-HASH, where `hex` begins with the hash of the content; the labels are the stem's. */
struct resource *k_add_hashed(struct k8s *k, int kind, struct object *node, const char *stem, const char *hex, struct doc **body);
/* As lower_add; what several pods of the declaration mount (a schedule with several expressions) is there once. */
struct resource *k_add_once(struct k8s *k, int kind, const char *name, struct object *node, struct doc *body);
/* The labels of everything, and the two that select. */
struct doc *k_labels(struct k8s *k, struct object *node, const char *name);
struct doc *k_selector(struct k8s *k, struct object *node, const char *name);
/* What the container's one `port` is called: http for the container that takes the traffic, its own name for others. */
const char *k_port_name(struct k8s *k, struct object *container);
/* Where the list of an argument vector or one text for the shell goes. */
struct doc *k_command(struct k8s *k, const struct value *v);

/* The workload being made comes after it. */
void k_need(struct k8s *k, struct resource *r);
void k_need_once(struct k8s *k, struct resource *r);
/* Edges to all that the workload needs; then the list is empty. */
void k_wait(struct k8s *k, struct resource *workload);
/* 512Mi: the largest unit that divides. */
struct doc *k_bytes(struct k8s *k, const struct value *v);

/* k8s_files.c: a container's files and mounts, a workload's volumes, added to the lists. */
void k_files(struct k8s *k, struct object *node, const char *name, struct object *container, struct doc *mounts, struct doc *volumes);
void k_mounts(struct k8s *k, struct object *container, struct doc *mounts);
void k_volumes(struct k8s *k, struct object *node, struct doc *volumes);
/* Has each copy disks that outlive it? Their claims, from which the StatefulSet makes one for each copy. */
bool k_keeps(struct k8s *k, struct object *node);
struct doc *k_claims(struct k8s *k, struct object *node);

/* k8s_pod.c: the pod's metadata and spec. `account` is the ServiceAccount. */
struct doc *k_pod(struct k8s *k, struct object *node, const char *name, const char *account, bool runs_once);
/* The service whose containers the schedule runs, or NULL. */
struct object *k_run_of(struct k8s *k, struct object *node);
/* Does any container have a port? */
bool k_has_ports(struct k8s *k, struct object *node);

/* k8s_manifest.c: the documents of a `manifest`; `ns` is the stage's namespace, or NULL. */
void k_manifest(struct lower *l, struct object *m, const struct value *ns);

/* k8s_cronjob.c */
void k_schedule(struct k8s *k, struct object *node);
/* What differs between CronJobs; then one, which waits for the account and all that the workload needs. */
struct k_cron {
	struct doc *schedule, *zone, *suspend, *policy, *deadline;
};
void k_cron_job(struct k8s *k, struct object *node, const char *name, const struct k_cron *c, struct doc *job, struct resource *account);
/* What does not count as a failed run. */
struct doc *k_failure_policy(struct k8s *k, struct object *node);

/* k8s_job.c: a job; then the order of all that was made around the jobs. */
void k_job(struct k8s *k, struct object *node);
void k_order_jobs(struct k8s *k);

/* k8s_http.c: what brings traffic to the Service. */
void k_http(struct k8s *k, struct object *node, const char *name, struct resource *service);

/* k8s_scale.c: the server of a query; NULL after a report. */
const struct value *k_prometheus(struct k8s *k, struct object *o, enum attr_id server, const char *who);
/* 30, 0.5: as text. */
const char *k_number(struct k8s *k, const struct value *v);
/* Does something else own the count? The autoscaler of a service. */
bool k_autoscaled(struct k8s *k, struct object *node);
void k_scale(struct k8s *k, struct object *node, const char *name, struct resource *deployment);

/* k8s_watermark.c: what scales on metrics of Datadog. */
void k_watermark(struct k8s *k, struct object *node, const char *name, struct resource *deployment);

/* k8s_rollout.c: the deployment that moves traffic, or NULL; {apiVersion, kind, name} of what scales. */
struct object *k_shifting(struct k8s *k, struct object *node);
struct doc *k_target(struct k8s *k, struct object *node, const char *name);
/* The Rollout between two Services, where the service asks for one. */
void k_rollout(struct k8s *k, struct object *node, const char *name, struct resource *deployment, struct resource *stable, struct resource *other);
/* `leader`: what copies vote with, and the right to. */
void k_leader(struct k8s *k, struct object *node, const char *name, struct resource *account);
void k_leader_env(struct k8s *k, struct object *node, const char *name, struct doc *env);

/* k8s_aws.c: does any workload use AWS? The annotation that gives an account its role, or NULL. */
bool k_needs_aws(struct k8s *k);
struct doc *k_role_note(struct k8s *k, struct object *node, const char *account);

/* k8s_secret.c: does a workload read what AWS keeps? The name and key of a variable's Secret, or NULL after a report. */
bool k_reads_aws_secrets(struct k8s *k, struct object *node);
struct doc *k_secret_ref(struct k8s *k, struct object *container, const char *name, struct str variable, const struct value *v);

/* k8s_log.c: the fragment of a route; does a workload's route lead to AWS? */
void k_log(struct k8s *k, struct object *log);
bool k_log_needs_aws(struct k8s *k, struct object *node);

/* k8s_network.c */
void k_network(struct k8s *k, struct object *node, const char *name);

/* k8s.c */
struct resource *k_account(struct k8s *k, struct object *node, const char *name);

#endif
