/* Shared by scanner, parser and their files; nothing outside includes it. */
#ifndef BERTH_SYNTAX_INTERNAL_H
#define BERTH_SYNTAX_INTERNAL_H

#include "berth/syntax.h"

enum { NESTING_MAX = 200, TOKEN_MAX = 65536 };

struct stmt_list {
	struct stmt *first, *last;
};
struct expr_list {
	struct expr *first, *last;
};
struct path_list {
	struct path *v;
	uint32_t n;
};
struct body {
	struct stmt *first;
	bool one_line;
};

/* What tokens and rules carry. */
union semantic {
	struct str text;
	const struct name *name;
	struct path *path;
	struct path_list paths;
	struct expr *expr;
	struct expr_list exprs;
	struct stmt *stmt;
	struct stmt_list stmts;
	struct type *type;
	struct body body;
};

/* One parse of one source. */
struct parse {
	struct arena *arena;
	struct names *names;
	struct diags *diags;
	uint32_t file;
	struct str text;

	/* scanner */
	uint32_t off;         /* of the next byte */
	uint32_t start;       /* of the first line: behind a byte order mark */
	int brackets;         /* open ( and [ */
	int depth;            /* interpolations inside each other */
	int state[NESTING_MAX], bracket[NESTING_MAX]; /* of each interpolation: state to return to, bracket depth inside */
	bool after_dot;       /* the next word is a plain name */
	bool first;           /* the next token is the first of its line */
	int last;             /* token number */
	bool collect;         /* lexemes are wanted, not a tree */
	lexeme_list *lexemes;

	/* token wrapper */
	bool mend;            /* braces do not balance: indentation decides */
	bool unbalanced;
	int braces;
	struct opener {
		uint32_t off;
		int indent;
		bool one_line; /* it must be closed where its line ends */
	} open[NESTING_MAX];
	bool insert_end;      /* the NL behind an inserted } comes next */
	bool saved;           /* a token waits behind inserted ones */
	int saved_token;
	union semantic saved_value;
	struct span saved_at;
	bool ended;           /* the last NL was given */
	uint32_t prev_end;    /* end of the token before */
	int prev;             /* the token before */
	struct span prev_at;

	/* errors */
	uint32_t error_line;  /* start of the line of the last error, + 1 */
	bool broken;

	struct stmt *result;
};

int berth_lex(union semantic *value, struct span *at, void *scanner); /* grammar/berth.l */
int token_next(union semantic *value, struct span *at, struct parse *p, void *scanner); /* tokens.c */
/* An error at a place; one for each line. */
struct diag *syntax_error(struct parse *p, enum diag_code code, struct span at, const char *fmt, ...) BERTH_PRINTF(4, 5);
uint32_t line_start(const struct parse *p, uint32_t off);

/* ast.c */
struct stmt *ast_stmt(struct parse *p, enum stmt_kind kind, struct span at, struct span head);
struct stmt *ast_setting(struct parse *p, struct span at, struct path *key, struct expr *quoted, struct span key_at, struct expr *value);
struct stmt *ast_block(struct parse *p, struct span at, struct span head, struct path *kind, struct path_list labels, struct path *from, struct body body);
struct stmt *ast_inner(struct parse *p, enum stmt_kind kind, struct span at, struct span head, struct path_list names, struct expr *cond, struct body body);
struct stmt *ast_rule(struct parse *p, enum stmt_kind kind, struct span at, struct expr *cond, struct expr *message);
struct stmt *ast_param(struct parse *p, struct span at, const struct name *name, struct type *type, struct expr *value);
struct stmt_list ast_add(struct stmt_list l, struct stmt *s);
struct path *ast_path(struct parse *p, const struct name *name, struct span at);
struct path *ast_path_add(struct parse *p, struct path *path, const struct name *name, struct span at, struct span all);
struct path *ast_param_path(struct parse *p, struct span param, struct path *rest, struct span all);
struct path_list ast_paths(struct parse *p, struct path_list l, const struct path *path);
struct expr *ast_literal(struct parse *p, enum expr_kind kind, struct span at, struct str text);
struct expr *ast_binary(struct parse *p, enum op op, struct expr *left, struct expr *right, struct span at);
struct expr *ast_unary(struct parse *p, enum op op, struct expr *operand, struct span at);
struct expr *ast_ref(struct parse *p, struct path *path, bool param, struct span at);
struct expr *ast_call(struct expr *ref, struct expr_list args, struct span at);
struct expr *ast_list(struct parse *p, struct expr_list items, struct span at);
struct expr *ast_string(struct parse *p, struct expr_list parts, bool is_text, struct span at);
struct expr_list ast_part(struct parse *p, struct expr_list l, struct str text, struct span at);
struct expr_list ast_append(struct expr_list l, struct expr *e);
struct expr_list ast_join(struct expr_list a, struct expr_list b);
struct type *ast_type(struct parse *p, const struct name *name, struct type *inner, struct span at);
struct type *ast_union(struct parse *p, struct type *left, struct type *right, struct span at);
struct type *ast_optional(struct type *t);

#endif
