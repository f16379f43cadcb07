/*
 * What pods may do on AWS: a role for each workload that may do anything, made
 * in the AWS form beside the manifests, and named by the workload's account
 * (IRSA) or by an association of the cluster (Pod Identity). Sources:
 * amazon-eks-pod-identity-webhook, README; EKS user guide, IAM roles for
 * service accounts, and EKS Pod Identity.
 */
#include "k8s.h"

#include "ecs.h"

#include <string.h>

static bool
uses_aws(struct k8s *k, struct object *node)
{
	size_t n;
	const struct graph_edge *edges = node_edges(k->g, node, &n);
	for (size_t i = 0; i < n; i++)
		if (edges[i].to->kind == K_queue && str_eqz(get_text(k->g, edges[i].to, A_queue_engine), "sqs"))
			return true;
	return object_child(k->p, node, K_allow, NULL) || k_reads_aws_secrets(k, node) || k_log_needs_aws(k, node) || (node->kind == K_service && object_child(k->p, node, K_scale_cloudwatch, NULL));
}

bool
k_needs_aws(struct k8s *k)
{
	for (size_t i = 0; i < k->g->nodes.n; i++) {
		struct object *n = k->g->nodes.v[i];
		if ((n->kind == K_service || n->kind == K_job || n->kind == K_schedule) && node_target(k->g, n) == TARGET_K8S && uses_aws(k, n))
			return true;
	}
	return false;
}

/* oidc.eks.REGION.amazonaws.com/id/X of an ARN or an address. */
static const char *
issuer_of(struct k8s *k, const struct value *v)
{
	const char *text = arena_strz(k->a, v->text), *arn = strstr(text, ":oidc-provider/");
	if (arn)
		return arn + strlen(":oidc-provider/");
	return strncmp(text, "https://", 8) == 0 ? text + 8 : text;
}

static struct doc *
trust(struct k8s *k, struct object *node, const char *issuer, const char *account)
{
	struct ecs *e = k->aws;
	struct doc *s = doc_map(k->a, node->at), *principal = doc_map(k->a, node->at);
	doc_set(k->a, s, "Effect", doc_z(k->a, node->at, "Allow"));
	doc_set(k->a, principal, "Federated", doc_f(k->a, node->at, "arn:%s:iam::%.*s:oidc-provider/%s", e->partition, (int)e->account.n, e->account.p, issuer));
	doc_set(k->a, s, "Principal", principal);
	doc_set(k->a, s, "Action", doc_z(k->a, node->at, "sts:AssumeRoleWithWebIdentity"));
	condition(e, s, node->at, "StringEquals", arena_printf(k->a, "%s:aud", issuer), "sts.amazonaws.com");
	condition(e, s, node->at, "StringEquals", arena_printf(k->a, "%s:sub", issuer), arena_printf(k->a, "system:serviceaccount:%.*s:%s", (int)k->ns->text.n, k->ns->text.p, account));
	return s;
}

/* Pod Identity: the service may take the role for this account of this cluster alone. */
static struct doc *
trust_cluster(struct k8s *k, struct object *node, const struct value *cluster, const char *account)
{
	struct ecs *e = k->aws;
	struct doc *s = doc_map(k->a, node->at), *principal = doc_map(k->a, node->at), *actions = doc_list(k->a, node->at);
	doc_set(k->a, s, "Effect", doc_z(k->a, node->at, "Allow"));
	doc_set(k->a, principal, "Service", doc_z(k->a, node->at, "pods.eks.amazonaws.com"));
	doc_set(k->a, s, "Principal", principal);
	doc_add(actions, doc_z(k->a, node->at, "sts:AssumeRole"));
	doc_add(actions, doc_z(k->a, node->at, "sts:TagSession"));
	doc_set(k->a, s, "Action", actions);
	condition(e, s, node->at, "StringEquals", "aws:SourceAccount", arena_strz(k->a, e->account));
	condition(e, s, node->at, "StringEquals", "aws:RequestTag/kubernetes-namespace", arena_strz(k->a, k->ns->text));
	condition(e, s, node->at, "StringEquals", "aws:RequestTag/kubernetes-service-account", account);
	condition(e, s, node->at, "ArnEquals", "aws:SourceArn", arn(e, "eks", arena_printf(k->a, "cluster/%.*s", (int)cluster->text.n, cluster->text.p)));
	return s;
}

static void
associate(struct k8s *k, struct object *node, const struct value *cluster, const char *account, struct doc *role, struct resource *made)
{
	struct doc *d = doc_map(k->a, node->at);
	doc_set(k->a, d, "clusterName", doc_value(k->l, cluster));
	doc_set(k->a, d, "namespace", doc_value(k->l, k->ns));
	doc_set(k->a, d, "serviceAccount", k_add(k, node, account, "the workload's account"));
	doc_set(k->a, d, "roleArn", role);
	struct resource *r = lower_add(k->l, RK_POD_IDENTITY, account, node, d);
	if (made)
		resource_edge(k->l->out, r, made);
}

static const struct value *
existing(struct k8s *k, struct object *node)
{
	struct object *own = object_child(k->p, node, K_role, NULL), *stage = object_child(k->p, k->p->stage_object, K_role, NULL);
	const struct value *v = own ? get(k->g, own, A_role_task) : NULL;
	return v || !stage ? v : get(k->g, stage, A_role_task);
}

static struct doc *
role_note(struct k8s *k, struct object *node, struct doc *arn)
{
	struct doc *d = doc_map(k->a, node->at);
	doc_set(k->a, d, "eks.amazonaws.com/role-arn", arn);
	return d;
}

struct doc *
k_role_note(struct k8s *k, struct object *node, const char *account)
{
	const struct value *own = existing(k, node);
	struct object *kubernetes = object_child(k->p, k->p->stage_object, K_kubernetes, NULL);
	const struct value *identity = get(k->g, kubernetes, A_kubernetes_identity), *provider = get(k->g, kubernetes, A_kubernetes_oidc_provider),
			   *cluster = get(k->g, kubernetes, A_kubernetes_cluster);
	bool pods = identity && str_eqz(identity->text, "pod_identity");
	struct task t = {.e = k->aws, .node = node, .name = account};
	if (own && !pods)
		return role_note(k, node, doc_value(k->l, own));
	if (k->aws == NULL)
		return NULL;
	t.allow = new_statements(k->aws, node);
	allow_queues(&t);
	allow_declared(&t);
	if (t.allow->count == 0 && own == NULL)
		return NULL;
	if (pods && cluster == NULL) {
		struct diag *d = complain(k->g, D_E0170, node->at, "%s has permissions on AWS by Pod Identity, and the stage does not say its cluster", object_words(k->a, node));
		diag_hint(k->g->compile->diags, d, "Write kubernetes { cluster = \"…\" }, or give the output \"eks_cluster\" in the stage's outputs file.");
		return NULL;
	}
	if (pods) {
		struct resource *role = own ? NULL : make_role_trusting(k->aws, node, "pod", trust_cluster(k, node, cluster, account), t.allow);
		associate(k, node, cluster, account, own ? doc_value(k->l, own) : role_arn(k->aws, node, role), role);
		return NULL;
	}
	if (provider == NULL) {
		struct diag *d = complain(k->g, D_E0170, node->at, "%s has permissions on AWS, and the stage does not say its oidc_provider", object_words(k->a, node));
		diag_hint(k->g->compile->diags, d, "Write kubernetes { oidc_provider = … } or { identity = pod_identity }, or give the output \"oidc_provider\" in the stage's outputs file; role { task = \"arn:…\" } names a role that exists.");
		return NULL;
	}
	struct resource *role = make_role_trusting(k->aws, node, "pod", trust(k, node, issuer_of(k, provider), account), t.allow);
	return role_note(k, node, role_arn(k->aws, node, role));
}
