/*
 * Who may reach a pod: the ports that are declared, and nothing else. Source:
 * Kubernetes 1.36 API, networking.k8s.io/v1.
 */
#include "k8s.h"

static struct doc *
port_doc(struct k8s *k, const struct value *v, bool udp)
{
	struct doc *d = doc_map(k->a, v->origin);
	doc_set(k->a, d, "protocol", doc_z(k->a, v->origin, udp ? "UDP" : "TCP"));
	doc_set(k->a, d, "port", k_of_int(k, v, v->n));
	return d;
}

static struct doc *
ports_doc(struct k8s *k, struct object *node)
{
	struct doc *list = doc_list(k->a, node->at);
	for (struct object *c = object_child(k->p, node, K_container, NULL); c; c = object_next(c)) {
		const struct value *v = get(k->g, c, A_container_port);
		if (v)
			doc_add(list, port_doc(k, v, false));
		for (struct object *p = object_child(k->p, c, K_port, NULL); p; p = object_next(p))
			if ((v = get(k->g, p, A_port_number)) != NULL)
				doc_add(list, port_doc(k, v, str_eqz(get_text(k->g, p, A_port_protocol), "udp")));
	}
	return list;
}

void
k_network(struct k8s *k, struct object *node, const char *name)
{
	struct doc *d = k_object(k, RK_K_NETWORK_POLICY, node, name), *spec = doc_map(k->a, node->at), *selector = doc_map(k->a, node->at), *types = doc_list(k->a, node->at),
		   *in = doc_list(k->a, node->at), *out = doc_list(k->a, node->at), *rule = doc_map(k->a, node->at), *ports = ports_doc(k, node), *own = doc_map(k->a, node->at),
		   *copy = doc_map(k->a, node->at);
	/* one label: a policy that names more is not recognised as the pod's own by every linter */
	doc_set(k->a, own, "app.kubernetes.io/instance", k_add(k, node, name, "the workload's pods"));
	doc_set(k->a, selector, "matchLabels", own);
	doc_add(types, k_add(k, node, "Ingress", "what comes in is limited"));
	doc_add(types, k_add(k, node, "Egress", "what goes out is not: berth does not know all that a program calls"));
	if (ports->count) {
		doc_set(k->a, rule, "ports", ports);
	} else { /* nothing listens: only its own copies, which do not call either */
		struct doc *from = doc_list(k->a, node->at), *peer = doc_map(k->a, node->at), *same = doc_map(k->a, node->at);
		doc_set(k->a, same, "app.kubernetes.io/instance", k_add(k, node, name, "nothing listens: nobody has to reach it"));
		doc_set(k->a, copy, "matchLabels", same);
		doc_set(k->a, peer, "podSelector", copy);
		doc_add(from, peer);
		doc_set(k->a, rule, "from", from);
	}
	doc_add(in, rule);
	doc_add(out, doc_map(k->a, node->at));
	doc_set(k->a, spec, "podSelector", selector);
	doc_set(k->a, spec, "policyTypes", types);
	doc_set(k->a, spec, "ingress", in);
	doc_set(k->a, spec, "egress", out);
	doc_set(k->a, d, "spec", spec);
	lower_add(k->l, RK_K_NETWORK_POLICY, name, node, d);
}
