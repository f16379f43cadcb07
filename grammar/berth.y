/*
 * The grammar: structure only, no vocabulary. Kinds and settings are plain
 * names that the schema knows later. An action is one call of ast.c.
 */
%define api.pure full
%define api.prefix {berth_yy}
%define api.token.prefix {T_}
%define api.value.type {union semantic}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {struct parse *p} {void *scanner}

%code requires {
#include "internal.h"
}
%code {
#include "report.h"
#define berth_yylex token_next
#define YYMALLOC xmalloc
static void berth_yyerror(struct span *at, struct parse *p, void *scanner, const char *message);
#define YYLLOC_DEFAULT(C, R, N) \
	do { \
		if (N) { \
			(C) = span_join(YYRHSLOC(R, 1), YYRHSLOC(R, N)); \
		} else { \
			(C) = YYRHSLOC(R, 0); \
			(C).off += (C).len; \
			(C).len = 0; \
		} \
	} while (0)
}

%token <name> NAME "name"
%token <text> NUMBER "number" DURATION "duration" BYTES "size" CPU "CPU" PERCENT "percentage" RATE "rate"
%token <text> STR_TEXT "text"
%token NL "end of line" STR_BEGIN "text in quotes" STR_END "closing quote"
%token INTERP_BEGIN "\\(" INTERP_END ") of \\(" TEXT_BEGIN "text line" TEXT_END "end of text line"
%token PARAM "param" IN "in" IF "if" FROM "from" ASSERT "assert" WARN "warn" AND "and" OR "or" NOT "not"
%token TRUE "true" FALSE "false" NONE "none" RESERVED "reserved word"
%token DOTDOT ".." EQ "==" NE "!=" LE "<=" GE ">="

%type <stmts> stmts settings
%type <stmt> stmt setting block
%type <path> path from
%type <paths> labels label_list names
%type <expr> expr literal list ref string text default
%type <exprs> exprs args parts lines line
%type <type> type type1
%type <body> body

%left OR
%left AND
%precedence NOT
%nonassoc EQ NE '<' '>' LE GE IN
%nonassoc DOTDOT
%left '+' '-'
%left '*' '/'
%precedence UMINUS

%%

file: stmts { p->result = $1.first; } ;

stmts
	: %empty { $$ = (struct stmt_list){0}; }
	| stmts stmt { $$ = ast_add($1, $2); }
	;

stmt
	: NL { $$ = NULL; }
	| setting NL
	| path '=' NL text { $$ = ast_setting(p, @$, $1, NULL, @1, $4); }
	| string '=' NL text { $$ = ast_setting(p, @$, NULL, $1, @1, $4); }
	| block NL
	| PARAM NAME ':' type default NL { $$ = ast_param(p, span_join(@1, $5 ? @5 : @4), $2, $4, $5); }
	| IN names body NL { $$ = ast_inner(p, ST_IN, span_join(@1, @3), span_join(@1, @2), $2, NULL, $3); }
	| IF expr body NL { $$ = ast_inner(p, ST_IF, span_join(@1, @3), span_join(@1, @2), (struct path_list){0}, $2, $3); }
	| ASSERT expr ',' string NL { $$ = ast_rule(p, ST_ASSERT, span_join(@1, @4), $2, $4); }
	| WARN expr ',' string NL { $$ = ast_rule(p, ST_WARN, span_join(@1, @4), $2, $4); }
	| error NL { yyerrok; $$ = ast_stmt(p, ST_ERROR, @1, @1); }
	| error body NL { yyerrok; $$ = ast_stmt(p, ST_ERROR, @$, @$); }
	;

setting
	: path '=' expr { $$ = ast_setting(p, @$, $1, NULL, @1, $3); }
	| string '=' expr { $$ = ast_setting(p, @$, NULL, $1, @1, $3); }
	;

block: path labels from body { $$ = ast_block(p, @$, $3 ? span_join(@1, @3) : $2.n ? span_join(@1, @2) : @1, $1, $2, $3, $4); } ;

labels
	: %empty { $$ = (struct path_list){0}; }
	| label_list
	;
label_list
	: path { $$ = ast_paths(p, (struct path_list){0}, $1); }
	| label_list ',' path { $$ = ast_paths(p, $1, $3); }
	;
from
	: %empty { $$ = NULL; }
	| FROM path { $$ = $2; }
	| FROM PARAM '.' path { $$ = ast_param_path(p, @2, $4, span_join(@2, @4)); }
	;

body
	: '{' NL stmts '}' { $$ = (struct body){$3.first, false}; }
	| '{' settings '}' { $$ = (struct body){$2.first, true}; }
	| '{' '}' { $$ = (struct body){NULL, true}; }
	;
settings
	: setting { $$ = ast_add((struct stmt_list){0}, $1); }
	| settings ',' setting { $$ = ast_add($1, $3); }
	;
names
	: NAME { $$ = ast_paths(p, (struct path_list){0}, ast_path(p, $1, @1)); }
	| names ',' NAME { $$ = ast_paths(p, $1, ast_path(p, $3, @3)); }
	;

default
	: %empty { $$ = NULL; }
	| '=' expr { $$ = $2; }
	;
type
	: type1
	| type '|' type1 { $$ = ast_union(p, $1, $3, @$); }
	;
type1
	: NAME { $$ = ast_type(p, $1, NULL, @1); }
	| NAME '(' type ')' { $$ = ast_type(p, $1, $3, @$); }
	| type1 '?' { $$ = ast_optional($1); }
	;

path
	: NAME { $$ = ast_path(p, $1, @1); }
	| path '.' NAME { $$ = ast_path_add(p, $1, $3, @3, @$); }
	;
ref
	: path { $$ = ast_ref(p, $1, false, @$); }
	| PARAM '.' path { $$ = ast_ref(p, $3, true, @$); }
	;

expr
	: literal
	| string
	| list
	| ref
	| ref '(' args ')' { $$ = ast_call($1, $3, @$); }
	| '(' expr ')' { $$ = $2; }
	| expr OR expr { $$ = ast_binary(p, OP_OR, $1, $3, @$); }
	| expr AND expr { $$ = ast_binary(p, OP_AND, $1, $3, @$); }
	| NOT expr { $$ = ast_unary(p, OP_NOT, $2, @$); }
	| expr EQ expr { $$ = ast_binary(p, OP_EQ, $1, $3, @$); }
	| expr NE expr { $$ = ast_binary(p, OP_NE, $1, $3, @$); }
	| expr '<' expr { $$ = ast_binary(p, OP_LT, $1, $3, @$); }
	| expr '>' expr { $$ = ast_binary(p, OP_GT, $1, $3, @$); }
	| expr LE expr { $$ = ast_binary(p, OP_LE, $1, $3, @$); }
	| expr GE expr { $$ = ast_binary(p, OP_GE, $1, $3, @$); }
	| expr IN expr { $$ = ast_binary(p, OP_IN, $1, $3, @$); }
	| expr DOTDOT expr { $$ = ast_binary(p, OP_RANGE, $1, $3, @$); }
	| expr '+' expr { $$ = ast_binary(p, OP_ADD, $1, $3, @$); }
	| expr '-' expr { $$ = ast_binary(p, OP_SUB, $1, $3, @$); }
	| expr '*' expr { $$ = ast_binary(p, OP_MUL, $1, $3, @$); }
	| expr '/' expr { $$ = ast_binary(p, OP_DIV, $1, $3, @$); }
	| '-' expr %prec UMINUS { $$ = ast_unary(p, OP_NEG, $2, @$); }
	;

literal
	: NUMBER { $$ = ast_literal(p, EX_NUMBER, @1, $1); }
	| DURATION { $$ = ast_literal(p, EX_DURATION, @1, $1); }
	| BYTES { $$ = ast_literal(p, EX_BYTES, @1, $1); }
	| CPU { $$ = ast_literal(p, EX_CPU, @1, $1); }
	| PERCENT { $$ = ast_literal(p, EX_PERCENT, @1, $1); }
	| RATE { $$ = ast_literal(p, EX_RATE, @1, $1); }
	| TRUE { $$ = ast_literal(p, EX_TRUE, @1, STR("")); }
	| FALSE { $$ = ast_literal(p, EX_FALSE, @1, STR("")); }
	| NONE { $$ = ast_literal(p, EX_NONE, @1, STR("")); }
	;

list
	: '[' ']' { $$ = ast_list(p, (struct expr_list){0}, @$); }
	| '[' exprs ']' { $$ = ast_list(p, $2, @$); }
	| '[' exprs ',' ']' { $$ = ast_list(p, $2, @$); }
	;
args
	: %empty { $$ = (struct expr_list){0}; }
	| exprs
	| exprs ','
	;
exprs
	: expr { $$ = ast_append((struct expr_list){0}, $1); }
	| exprs ',' expr { $$ = ast_append($1, $3); }
	;

string: STR_BEGIN parts STR_END { $$ = ast_string(p, $2, false, @$); } ;
parts
	: %empty { $$ = (struct expr_list){0}; }
	| parts STR_TEXT { $$ = ast_part(p, $1, $2, @2); }
	| parts INTERP_BEGIN expr INTERP_END { $$ = ast_append($1, $3); }
	;
text: lines { $$ = ast_string(p, $1, true, @$); } ;
lines
	: line
	| lines line { $$ = ast_join($1, $2); }
	;
line: TEXT_BEGIN parts TEXT_END { $$ = ast_part(p, $2, STR("\n"), @3); } ;

%%

static int
yyreport_syntax_error(const yypcontext_t *context, struct parse *p, void *scanner)
{
	enum { SHOWN = 5 };
	yysymbol_kind_t expected[SHOWN];
	const char *names[SHOWN];
	(void)scanner;
	int n = yypcontext_expected_tokens(context, expected, SHOWN);
	for (int i = 0; i < n; i++)
		names[i] = yysymbol_name(expected[i]);
	yysymbol_kind_t token = yypcontext_token(context);
	report_unexpected(p, *yypcontext_location(context), token == YYSYMBOL_YYEMPTY ? NULL : yysymbol_name(token), names, n < 0 ? 0 : n);
	return 0;
}

/* Only memory exhaustion of the parser's stack comes here. */
static void
berth_yyerror(struct span *at, struct parse *p, void *scanner, const char *message)
{
	(void)scanner;
	syntax_error(p, D_E0005, *at, "too deeply nested (%s)", message);
}
