/*
 * syntax: from bytes to one tree per file.
 *
 * The tree holds what was written, with spans, and is never rewritten. Comments
 * and line structure stand in a side list of lexemes by offset, for the
 * formatter and for doc comments. Syntax errors are reported here; an error
 * node marks the region that was not understood.
 */
#ifndef BERTH_SYNTAX_H
#define BERTH_SYNTAX_H

#include "berth/diag.h"

/* a.b.c; every part with its own place */
struct path {
	uint32_t n;
	struct span at;
	struct part {
		const struct name *name;
		struct span at;
	} *part;
};

enum expr_kind {
	EX_NUMBER,   /* text */
	EX_DURATION, /* text: "1h30m" */
	EX_BYTES,    /* text: "512MiB" */
	EX_CPU,      /* text: "0.5vcpu" */
	EX_PERCENT,  /* text: "60%" */
	EX_RATE,     /* text: "900/m" */
	EX_TRUE,
	EX_FALSE,
	EX_NONE,
	EX_STRING, /* parts; also a text block */
	EX_LIST,   /* items */
	EX_REF,    /* path; a single name may be an enum member. `param.x` has param set and path without `param` */
	EX_CALL,   /* path, items */
	EX_UNARY,  /* op, left */
	EX_BINARY, /* op, left, right */
	EX_ERROR,  /* was reported */
	EX_COUNT
};

enum op {
	OP_OR, OP_AND, OP_NOT, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN,
	OP_RANGE, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_NEG, OP_COUNT
};
const char *op_text(enum op op);

struct expr {
	uint8_t kind;         /* enum expr_kind */
	uint8_t op;           /* enum op */
	bool param;    /* EX_REF: was written param.path */
	bool is_text;  /* EX_STRING from | lines */
	struct span at;
	struct str text;      /* literals: as written; EX_STRING part: unescaped text */
	struct path *path;    /* EX_REF, EX_CALL */
	struct expr *left, *right;
	struct expr *items;   /* EX_LIST, EX_CALL, EX_STRING parts: linked by next. A string part is an
	                         EX_STRING without items (its text) or any other expression (interpolated) */
	struct expr *next;
};

struct type {
	const struct name *name; /* NULL for a union */
	struct span at;
	struct type *inner;      /* list(T) */
	bool optional;           /* T? */
	struct type *alternatives; /* union: linked by next */
	struct type *next;
};

enum stmt_kind {
	ST_SETTING, /* key = value */
	ST_BLOCK,   /* kind labels from { body } */
	ST_PARAM,   /* param name: type = value */
	ST_IN,      /* in names { body } */
	ST_IF,      /* if cond { body } */
	ST_ASSERT,  /* assert cond, message */
	ST_WARN,
	ST_ERROR,   /* not understood, reported */
	ST_COUNT
};

struct stmt {
	enum stmt_kind kind;
	struct span at;          /* the whole statement without its line end */
	struct span head;        /* blocks: from the first word to before the brace; else = at */
	struct path *path;       /* ST_SETTING: key as names; ST_BLOCK: kind */
	struct str key_text;     /* ST_SETTING: key when it was quoted, else p == NULL */
	struct span key_at;
	struct path *labels;     /* ST_BLOCK, ST_IN: array */
	uint32_t label_count;
	struct path *from;       /* ST_BLOCK: or NULL */
	const struct name *name; /* ST_PARAM */
	struct type *type;       /* ST_PARAM */
	struct expr *value;      /* ST_SETTING, ST_PARAM default, ST_IF and ST_ASSERT condition */
	struct expr *message;    /* ST_ASSERT, ST_WARN */
	struct stmt *body;       /* ST_BLOCK, ST_IN, ST_IF: first statement */
	bool one_line;           /* body was written as { a = 1, b = 2 } */
	struct stmt *next;
};

/* What the formatter and the doc lookup need beside the tree, in order of offset. */
enum lexeme_kind { LX_COMMENT, LX_TOKEN, LX_NEWLINE, LX_TEXT_LINE };
struct lexeme {
	uint8_t kind;
	uint16_t token; /* parser's token number for LX_TOKEN */
	uint32_t off, len;
};
typedef VEC(struct lexeme) lexeme_list;

struct file {
	uint32_t number;   /* in struct sources */
	struct stmt *body; /* first statement */
	bool broken;       /* syntax errors were reported */
};

/*
 * Parse one source into the arena. Never fails: what cannot be understood is
 * reported to `d` and becomes an error node.
 */
struct file *syntax_parse(struct arena *a, struct names *names, struct sources *s, uint32_t number, struct diags *d);
/*
 * All lexemes of a source, strings whole (one LX_TOKEN from quote to quote,
 * interpolation included), comments and line ends too. For the formatter.
 */
void syntax_lexemes(struct arena *a, struct sources *s, uint32_t number, lexeme_list *out);
/*
 * Is the text one name of the language?
 */
bool syntax_is_name(struct str s);
/* A reserved word (`param in if …` and the ones kept back)? */
bool syntax_is_reserved(struct str s);
/* The comment lines directly above the statement, without `#`, joined by newlines; empty when none. */
struct str syntax_doc(struct arena *a, struct sources *s, const struct stmt *st);

#endif
