/*
 * secrets.sh beside the manifests: Secrets whose values stand in SOPS files.
 * They go from sops to kubectl through the shell's memory and are written to
 * no file. Source: SOPS 3, decrypt --extract.
 */
#include "forms.h"

#include <string.h>

static const char head[] =
	"# usage: secrets.sh PROJECT_FOLDER [option of kubectl apply, such as --context NAME]\n"
	"# Needs sops, its key, and kubectl. Run it before the manifests are applied.\n"
	"set -eu\n"
	"project=${1:?the folder of the project, from which the SOPS files are named}\n"
	"shift\n"
	"manifest=\n"
	"# `value KEY FILE PATH`: one more member of the Secret\n"
	"value() {\n"
	"\tplain=$(sops decrypt --extract \"$3\" \"$project/$2\" && printf x) || exit 1\n"
	"\tmanifest=\"$manifest  \\\"$1\\\": $(printf '%s' \"${plain%x}\" | base64 | tr -d '\\n')\n"
	"\"\n"
	"}\n"
	"apply() { # NAMESPACE NAME [option…]\n"
	"\tnamespace=$1 name=$2\n"
	"\tshift 2\n"
	"\tprintf 'apiVersion: v1\\nkind: Secret\\ntype: Opaque\\nmetadata:\\n  name: %s\\n  namespace: %s\\n  labels:\\n    app.kubernetes.io/managed-by: berth\\ndata:\\n%s' \"$name\" \"$namespace\" \"$manifest\" |\n"
	"\t\tkubectl apply --server-side --field-manager=berth \"$@\" -f -\n"
	"\tmanifest=\n"
	"}\n\n";

bool
is_filled_later(const struct resource *r)
{
	const struct doc *data = resource_is(r, RK_K_SECRET) ? doc_get(r->body, "data") : NULL;
	return data && data->items && data->items->kind == DOC_ATTR;
}

/* ["a"]["b"] of a.b. */
static void
add_path(struct buf *b, const char *key)
{
	struct buf path = {0};
	for (; *key; key += strcspn(key, "."), key += *key == '.')
		buf_addf(&path, "[\"%.*s\"]", (int)strcspn(key, "."), key);
	add_argument(b, buf_str(&path));
	buf_free(&path);
}

struct str
secrets_script(struct arena *a, const struct emit_head *eh, const struct resources *rs)
{
	struct buf b = {0};
	buf_addf(&b, "#!/bin/sh\n# Secrets of stage %s of %s: written by berth, not to be edited.\n", eh->stage, eh->project);
	buf_addz(&b, head);
	for (const struct resource *r = rs->first; r; r = r->next) {
		if (!is_filled_later(r))
			continue;
		for (const struct doc *m = doc_get(r->body, "data")->items; m; m = m->next) {
			const char *text = arena_strz(a, m->text), *hash = strrchr(text, '#');
			buf_addz(&b, "value");
			add_argument(&b, m->key);
			add_argument(&b, (struct str){text, (size_t)(hash - text)});
			add_path(&b, hash + 1);
			buf_addc(&b, '\n');
		}
		buf_addz(&b, "apply");
		add_argument(&b, doc_get(doc_get(r->body, "metadata"), "namespace")->text);
		add_argument(&b, str_of(r->name));
		buf_addz(&b, " \"$@\"\n");
	}
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}
