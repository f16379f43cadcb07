/*
 * resource: what a platform is told, as document trees that know where every
 * value came from, with identity, edges and address.
 *
 * Made by lowering, validated against the platform's shapes, written by a
 * form. Depends on base and diag.
 */
#ifndef BERTH_RESOURCE_H
#define BERTH_RESOURCE_H

#include "berth/diag.h"

enum doc_kind {
	DOC_NULL,
	DOC_BOOL,
	DOC_INT,
	DOC_NUMBER, /* a decimal: fixed point in millionths */
	DOC_STRING,
	DOC_ATTR,   /* an attribute that the platform gives on creation: `attr` of resource `address`; or, with the address
	               "external", a value that CI gives by the name `attr` (items: its first value, or none); or, with the address
	               "sops", what a SOPS file holds, FILE#KEY, decrypted when it is deployed and never before */
	DOC_TEXT,   /* a string made of DOC_STRING and DOC_ATTR items */
	DOC_LIST,
	DOC_MAP,
	DOC_JSON,   /* a string that holds the JSON text of its one item (a policy, a state machine) */
	DOC_YAML,   /* the same as YAML text (a configuration for people to read) */
	DOC_KIND_COUNT
};

struct doc {
	enum doc_kind kind;
	struct span origin;  /* the source of this very value; NO_SPAN never, for what berth adds the declaration's */
	const char *because; /* why a value stands here that nobody wrote, or NULL; for `why` */
	const void *value;   /* the evaluated setting it came from (struct value), or NULL; for `why` */
	const char *param;   /* the project's parameter whose value this is, unchanged, or NULL */
	struct str key;      /* in a map: the member's name; it belongs to the parent */
	struct str text;     /* STRING; ATTR: the attribute's name */
	const char *address; /* ATTR */
	int64_t number;      /* BOOL 0/1, INT, NUMBER in millionths */
	bool first_only;     /* holds at creation: then someone else owns it */
	struct doc *items, *last; /* LIST, MAP, TEXT, JSON: in order */
	struct doc *next;
	uint32_t count;
};

struct doc *doc_new(struct arena *a, enum doc_kind kind, struct span origin);
struct doc *doc_map(struct arena *a, struct span origin);
struct doc *doc_list(struct arena *a, struct span origin);
struct doc *doc_string(struct arena *a, struct span origin, struct str s);
struct doc *doc_z(struct arena *a, struct span origin, const char *s);
struct doc *doc_f(struct arena *a, struct span origin, const char *fmt, ...) BERTH_PRINTF(3, 4);
struct doc *doc_int(struct arena *a, struct span origin, int64_t n);
struct doc *doc_bool(struct arena *a, struct span origin, bool b);
struct doc *doc_attr(struct arena *a, struct span origin, const char *address, const char *attr);
struct doc *doc_json(struct arena *a, struct span origin, struct doc *inner);
struct doc *doc_yaml(struct arena *a, struct span origin, struct doc *inner);
/* Append a member or item; returns the child. A key that exists already is a bug. NULL child is ignored. */
struct doc *doc_set(struct arena *a, struct doc *map, const char *key, struct doc *child);
struct doc *doc_sets(struct arena *a, struct doc *map, struct str key, struct doc *child);
/* The same where the caller knows that the key is new: for maps of any size. */
struct doc *doc_append(struct doc *map, struct str key, struct doc *child);
struct doc *doc_add(struct doc *list, struct doc *child);
/* NULL when absent. */
struct doc *doc_get(const struct doc *map, const char *key);
/*
 * Find by path: a.b[0].c, a.b[name=x].c, a["odd.key"]; NULL when absent.
 */
const struct doc *doc_find(const struct doc *d, struct str path);
/* Deep equality of meaning; origins do not count; maps compare by key. */
bool doc_equal(const struct doc *a, const struct doc *b);
/* SHA-256 of its meaning, in hexadecimal; origins do not count. */
void doc_hash(const struct doc *d, char out[65]);

/* ---- resources ---- */

struct resource_kind; /* one row of platform/kinds.def, below */

struct edge {
	struct resource *to;
	struct edge *next;
};

struct resource {
	const struct resource_kind *kind;
	const char *kind_name;   /* the row's, or what a manifest of an unknown kind says */
	const char *name;        /* the platform's name */
	const char *stem;        /* the name without the hash of the content that ends it, or NULL when it has none */
	const char *address;     /* kind/name */
	const char *declaration; /* service.web */
	struct span origin;      /* of the declaration */
	const char *when;        /* a job's state machine: before_deploy, after_deploy or manual; else NULL */
	struct doc *body;        /* request or manifest */
	struct edge *edges;      /* what must exist first */
	uint32_t order;          /* position of creation */
	struct resource *next;
};

struct resources {
	struct arena *arena;
	struct resource *first, *last;
	struct map by_address;   /* interned C string content is compared, see resource_find */
	uint32_t count;
	bool external;           /* a manifest has a value that CI gives */
	VEC(struct resource *) list;
};
void resources_init(struct resources *rs, struct arena *a);
/*
 * Add one; `kind` is an enum resource_kind_id. When the address exists
 * already, returns the existing one and sets *clash (may be NULL).
 */
struct resource *resource_add(struct resources *rs, int kind, const char *name, const char *declaration, struct span origin,
			      struct doc *body, struct resource **clash);
/* The same under another kind's name: for documents of kinds that have no row of their own. */
struct resource *resource_add_as(struct resources *rs, int kind, const char *kind_name, const char *name, const char *declaration,
				 struct span origin, struct doc *body, struct resource **clash);
struct resource *resource_find(const struct resources *rs, const char *address);
/* aws, aws-cn or aws-us-gov, from the region's name. */
const char *aws_partition(struct str region);
/* Is it of that kind (an enum resource_kind_id)? */
bool resource_is(const struct resource *r, int kind);
/* The resource of that kind and name, or NULL. */
struct resource *resource_named(const struct resources *rs, int kind, const char *name);
void resource_edge(struct resources *rs, struct resource *from, struct resource *to);
/* Sorted for creation: dependencies first, ties by the kind's row, then by order added. A cycle is a bug. */
void resources_order(struct resources *rs);

/* ---- platform facts ---- */

enum resource_platform { RP_AWS, RP_K8S };

/*
 * One row of platform/kinds.def: what we emit, how it is asked for, how it is
 * addressed. Shapes stand in generated tables (platform/shapes_*.def).
 */
struct resource_kind {
	const char *kind;       /* aws.ecs.TaskDefinition, k8s.Deployment */
	enum resource_platform platform;
	const char *service;    /* aws: client command group: ecs, application-autoscaling */
	const char *operation;  /* aws: register-task-definition */
	const char *name_member; /* aws: where the name stands in the request */
	const char *shape;      /* name of the root shape in the generated tables */
	const char *cloudformation; /* AWS::ECS::TaskDefinition, or NULL */
	const char *api_version; /* k8s */
	bool stateful;          /* holds data: destroying it loses them */
	bool namespaced;        /* k8s */
	int name_max;           /* bytes */
	const char *name_pattern; /* POSIX ERE of a legal name */
	const char *source;     /* where the limit is from */
};
enum resource_kind_id {
#define RESOURCE(id, ...) RK_##id,
#include "berth/platform/kinds.def"
#undef RESOURCE
	RK_COUNT
};
const struct resource_kind *resource_kind_get(int id);

/* May a resource of the kind be called that? True where no row says how names look. */
bool resource_name_ok(const struct resource_kind *kind, const char *name);
/*
 * Check a body against its shape: unknown members, types, missing required
 * members, enumerations, bounds, patterns. Each finding goes to `report` with
 * the path inside the body. Returns the number of findings.
 */
typedef void shape_report(void *ctx, const char *path, const struct doc *at, const char *what);
unsigned shape_check(const struct resource_kind *kind, const struct doc *body, shape_report *report, void *ctx);
/* Does the path (a.b.c, list items by [name=x] or [0]) exist in the shape? For `patch`. On failure *stop is the first unknown part. */
bool shape_has_path(const struct resource_kind *kind, struct str path, struct str *stop);
/* Key members of the list at `path` (for keyed comparison), or NULL: "name", "containerPort,protocol". */
const char *shape_list_keys(const struct resource_kind *kind, struct str path);
/* Is a change of this property a replacement? */
bool shape_replaces(const struct resource_kind *kind, struct str path);

#endif
