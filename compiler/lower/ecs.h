/* Shared by the files that lower to ECS and AWS. */
#ifndef BERTH_LOWER_ECS_H
#define BERTH_LOWER_ECS_H

#include "berth/lower.h"

/* What the stage says, once per stage. */
struct ecs {
	struct lower *l;
	struct graph *g;
	struct arena *a;
	struct program *p;
	struct object *stage, *ecs, *schedules; /* the stage's blocks */
	struct str region, account;
	const char *partition;      /* aws, aws-cn, aws-us-gov */
	const char *prefix;         /* project-wide names: "shop" */
	const struct value *cluster;
	const char *cluster_name;   /* without the ARN around it */
	struct resource *group;     /* schedule group, once made */
	struct map tasks;           /* services and jobs -> struct task, once made */
	bool bad;                   /* something the stage must say is missing */
};

/* One workload on its way to a task. */
struct task {
	struct ecs *e;
	struct object *node;
	const char *name;           /* shop-web */
	struct doc *exec, *allow;   /* IAM statements of the execution and the task role */
	struct resource *exec_role, *task_role, *definition;
	bool pulls;                 /* the registry token is granted */
	bool shell;                 /* ECS Exec opens a shell in it */
	VEC(struct resource *) needs; /* the task definition comes after these */
};

/* ---- ecs.c ---- */
/* What the stage says of its AWS account; false after a report. */
bool aws_context(struct ecs *e, struct lower *l);
/* struct lower's `attribute` for a context. */
struct doc *aws_attribute(void *ctx, const struct value *v);

/* ---- ecs_doc.c: small documents ---- */
/* A literal that berth adds, with the reason. */
struct doc *add_z(struct ecs *e, struct object *o, const char *text, const char *because);
struct doc *add_f(struct ecs *e, struct object *o, const char *because, const char *fmt, ...) BERTH_PRINTF(4, 5);
struct doc *add_int(struct ecs *e, struct object *o, int64_t n, const char *because);
struct doc *add_bool(struct ecs *e, struct object *o, bool b, const char *because);
/* From a setting, with its place. */
struct doc *of_int(struct ecs *e, const struct value *v, int64_t n);
struct doc *of_z(struct ecs *e, const struct value *v, const char *text);
struct doc *of_f(struct ecs *e, const struct value *v, const char *fmt, ...) BERTH_PRINTF(3, 4);
/* A list of strings from a list value or from one value; NULL for NULL. */
struct doc *of_list(struct ecs *e, const struct value *v);
/* [{key, value}] from the project's and the stage's tags; capital: {Key, Value}. */
struct doc *tags_of(struct ecs *e, struct object *node, bool capital);
/* subnets, security groups, public address; `lower`: members as ECS spells them, else as EventBridge does. */
struct doc *network_of(struct ecs *e, bool lower_case);
const char *arn(struct ecs *e, const char *service, const char *resource);
/* "project-name" cut to a resource kind's limit. */
const char *aws_name(struct ecs *e, int kind, const char *whole);

/* ---- ecs_role.c ---- */
/* Append {Effect: Allow, Action, Resource} and return the statement. actions are separated by blanks. */
struct doc *allow(struct ecs *e, struct doc *statements, struct span at, const char *actions, struct doc *resources);
struct doc *condition(struct ecs *e, struct doc *statement, struct span at, const char *operator, const char *key, const char *value);
/* A role with its inline policy (when there are statements); trust by a service, from this account. */
struct resource *make_role(struct ecs *e, struct object *node, const char *suffix, const char *service, const char *source_arn,
			   struct doc *statements);
/* The same with a trust statement of its own. */
struct resource *make_role_trusting(struct ecs *e, struct object *node, const char *suffix, struct doc *trust, struct doc *statements);
/* Statements of the workload's `allow` block, added to t->allow. */
void allow_declared(struct task *t);
/* The role's ARN, known from its name. */
struct doc *role_arn(struct ecs *e, struct object *node, struct resource *role);
struct doc *new_statements(struct ecs *e, struct object *node);
void task_roles(struct task *t);
/* The execution role may read the secret. */
void allow_secret(struct task *t, const struct value *v);
/* ecs_task.c: where a task reads the secret from; NULL after a report. */
struct doc *secret_ref(struct ecs *e, const struct value *v);
struct doc *task_role_arn(struct task *t, bool execution);

/* ---- ecs_task.c, ecs_log.c ---- */
/* Roles, logs and the task definition of a workload; its containers come from `node`. */
void make_task(struct ecs *e, struct object *node, struct task *out);
/* A list is an argument vector; one text is for the shell. NULL for NULL. */
struct doc *command_doc(struct ecs *e, const struct value *v);
/* The container starts after another one; `condition` is START, HEALTHY or SUCCESS. */
void depend(struct ecs *e, struct object *container, struct doc *def, const char *other, const char *condition, const char *because);
void container_logging(struct task *t, struct object *container, struct doc *def);
/* The router's container, or NULL when no route of the workload needs one. */
struct doc *router_container(struct task *t);
/* ecs_router.c: the routes as a Fluent Bit configuration, their parsers ("" for none), secrets (or NULL) and permissions. */
#define CONFIG_PATH "/fluent-bit/etc/berth.conf"
#define PARSERS_PATH "/fluent-bit/etc/berth-parsers.conf"
bool is_destination(const struct object *o);
typedef VEC(struct object *) log_list;
/* The workload's routes that need the router, in the order of its containers. */
void routed_logs(struct ecs *e, struct object *node, log_list *out);
struct str router_config(struct ecs *e, struct object *node, const log_list *logs);
/* The same route for the agent of a cluster's nodes: lines by a regular expression of their tags, names that begin with `own`. */
void route_sections(struct ecs *e, struct object *log, const char *tags, const char *own, struct doc **filters, struct doc **outputs);
struct str router_parsers(struct ecs *e, struct object *node, const log_list *logs);
struct doc *router_secrets(struct task *t, const log_list *logs);
void router_permissions(struct task *t, struct object *log);
/* Log groups, streams and what else the route needs, once for each. */
void lower_log(struct ecs *e, struct object *log);

/* ---- ecs_files.c ---- */
typedef VEC(const char *) folder_list;
/* The folders that volumes are mounted over for the container's `files`: the outermost ones. */
void file_folders(struct ecs *e, struct object *container, folder_list *out);
/* The name of the n-th one's volume, from 0. */
const char *file_volume(struct ecs *e, struct object *container, size_t n);
/* The container that fills them, of that image, or NULL without files. */
struct doc *files_container(struct task *t, struct object *container, struct doc *image);

/* ---- ecs_deploy.c ---- */
typedef VEC(struct resource *) resource_list;
/* The deployment that moves traffic between two target groups, or NULL. */
struct object *shifting(struct ecs *e, struct object *node);
bool by_codedeploy(struct ecs *e, struct object *node);
/* How versions change, in the service's request; what must be there first goes to `needs`. */
void lower_deployment(struct ecs *e, struct object *node, struct doc *service, resource_list *needs);
/* CodeDeploy's application, group and deployment, where the service asks for them. */
void lower_codedeploy(struct ecs *e, struct object *node, struct resource *service);

/* ---- ecs_queue.c ---- */
struct queue_ref {
	const char *name, *url, *arn; /* SQS only */
	bool sqs, fifo, existing;
};
void queue_of(struct ecs *e, struct object *queue, struct queue_ref *out);
/* `queue.jobs.url` and `.arn`, or NULL after a report. */
struct doc *queue_attribute(struct ecs *e, const struct value *v);
/* The queue and its dead letters, once; NULL for one that exists or is kept elsewhere. */
struct resource *lower_queue(struct ecs *e, struct object *queue);
/* What the workload may do on the queues it uses. */
void allow_queues(struct task *t);
/* Their addresses, as far as `env` does not name them itself. */
void queue_env(struct ecs *e, struct object *node, struct object *env, struct doc *list);

/* ---- the rest ---- */
void lower_service(struct ecs *e, struct object *node);
void lower_job(struct ecs *e, struct object *node);
void lower_schedule(struct ecs *e, struct object *node);
void lower_scaling(struct ecs *e, struct object *node, const char *name, struct resource *service);
/* Target groups and the rule; fills the service's load balancer list. */
void lower_http(struct ecs *e, struct object *node, const char *name, struct doc *service, resource_list *needs);
/* The listener (ARN) of its rule, or NULL. */
const struct value *http_listener(struct ecs *e, struct object *http);
/* What one run of a schedule or a job asks for. */
struct run {
	struct object *node;             /* schedule or job */
	struct task *task;
	const struct value *timeout, *retries, *overlap; /* or NULL */
	const struct value *command;     /* instead of the container's own, or NULL */
	const char *container;           /* whose command that is */
};
/* The state machine of a run, and the role it acts as. */
struct resource *make_machine(struct ecs *e, const struct run *run);
/* {containerOverrides: […]} for the run's command, or NULL; `capital` as Step Functions spells it. */
struct doc *run_overrides(struct ecs *e, const struct run *run, bool capital);
struct doc *run_statements(struct ecs *e, struct object *node, struct task *t);

#endif
