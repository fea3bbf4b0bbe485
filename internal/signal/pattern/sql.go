package pattern

import "strings"

// sqlWords are the words at which SQL may begin. Most are words of prose too,
// so each is looked at with what follows.
var sqlWords = map[string]keyword{
	"or": lookTautology, "and": lookTautology, "xor": lookTautology, "having": lookTautology, "where": lookTautology, "div": lookTautology, "not": lookTautology,
	"like": lookLike, "between": lookLike, "regexp": lookLike, "rlike": lookLike,
	"union": lookUnion, "except": lookUnion, "intersect": lookUnion,
	"select": lookSelects,
	"drop":   lookDefinition, "alter": lookDefinition, "create": lookDefinition, "truncate": lookDefinition,
	"insert": lookChange, "delete": lookChange, "update": lookChange, "replace": lookChange, "merge": lookChange,
	"exec": lookExecute, "execute": lookExecute, "call": lookExecute, "declare": lookExecute, "shutdown": lookExecute, "waitfor": lookExecute, "grant": lookExecute, "if": lookExecute, "begin": lookExecute, "rollback": lookExecute, "commit": lookExecute, "copy": lookExecute, "case": lookExecute,
	"order": lookOrderBy, "group": lookOrderBy, "limit": lookOrderBy, "procedure": lookOrderBy, "into": lookOrderBy, "load": lookOrderBy, "rlike(": lookOrderBy,
	"sleep": lookSqlCall, "benchmark": lookSqlCall, "pg_sleep": lookSqlCall, "load_file": lookSqlCall, "extractvalue": lookSqlCall, "updatexml": lookSqlCall, "group_concat": lookSqlCall, "randomblob": lookSqlCall, "concat": lookSqlCall, "concat_ws": lookSqlCall, "char": lookSqlCall, "chr": lookSqlCall, "cast": lookSqlCall, "convert": lookSqlCall, "ascii": lookSqlCall, "substring": lookSqlCall, "substr": lookSqlCall, "mid": lookSqlCall, "unhex": lookSqlCall, "hex": lookSqlCall, "exists": lookSqlCall, "elt": lookSqlCall, "make_set": lookSqlCall, "gtid_subset": lookSqlCall, "row": lookSqlCall, "rand": lookSqlCall, "ifnull": lookSqlCall, "database": lookSqlCall, "version": lookSqlCall, "user": lookSqlCall, "current_user": lookSqlCall, "ctxsys": lookSqlName, "dbms_pipe": lookSqlName, "dbms_lock": lookSqlName,
	"information_schema": lookSqlName, "sqlite_master": lookSqlName, "sysobjects": lookSqlName, "syscolumns": lookSqlName, "xp_cmdshell": lookSqlName, "xp_dirtree": lookSqlName, "utl_http": lookSqlName, "utl_inaddr": lookSqlName, "pg_catalog": lookSqlName, "pg_shadow": lookSqlName, "all_tables": lookSqlName, "user_tables": lookSqlName, "openrowset": lookSqlName, "sp_executesql": lookSqlName, "sp_password": lookSqlName, "pg_read_file": lookSqlName,
}

// gap returns where what may stand between two words of SQL ends: spaces, plus
// signs and comments.
func (s *scanner) gap(i int) int {
	for end := min(i+farthest, len(s.text)); i < end; {
		switch {
		case isSpace(s.text[i]) || s.text[i] == '+':
			i++
		case strings.HasPrefix(s.text[i:], "/*"):
			n := strings.Index(s.within(i+2, 60), "*/")
			if n < 0 {
				return i
			}
			i += n + 4
		default:
			return i
		}
	}
	return i
}

// open is gap that also passes brackets.
func (s *scanner) open(i int) int {
	for end := i + farthest; i < end; i++ {
		i = s.gap(i)
		if s.byteAt(i) != '(' {
			return i
		}
	}
	return i
}

// behindValue reports whether a word stands behind a quote that was not opened,
// a bracket, a digit or a comment, as it does where SQL goes on behind a value.
func (s *scanner) behindValue(start int) bool {
	if s.quotes%2 == 1 {
		return true
	}
	i := start
	for i > max(start-farthest, 0) && (isSpace(s.text[i-1]) || s.text[i-1] == '+') {
		i--
	}
	c := s.byteAt(i - 1)
	return c != 0 && (strings.IndexByte(")*;|&%`", c) >= 0 || i == start && !isSpace(c) && c != '\'' && c != '"' && c != '(')
}

// operand reads a value of SQL: a number, what is quoted or a name. It returns
// where it ends.
func (s *scanner) operand(i int) (end int, literal bool) {
	i = s.open(i)
	c := s.byteAt(i)
	switch {
	case c == '\'' || c == '"' || c == '`':
		n := strings.IndexByte(s.within(i+1, 64), c)
		if n < 0 {
			return i + 1, true
		}
		return i + n + 2, true
	case isDigit(c) || c == '-' && isDigit(s.byteAt(i+1)):
		i++
		for i < len(s.text) && (isAlnum(s.text[i]) || s.text[i] == '.' && isDigit(s.byteAt(i+1))) {
			i++
		}
		return i, true
	case c == '@' || isLetter(c):
		return s.nameEnd(s.while(i, "@")), false
	}
	return i, false
}

// operators compare two values in SQL.
var operators = []string{"<=>", "<>", "!=", "<=", ">=", "=", "<", ">", "like", "rlike", "regexp", "in", "is", "between", "div", "mod", "not", "sounds"}

// beginsOperator holds their first characters.
var beginsOperator = func() (table [256]bool) {
	for _, op := range operators {
		table[op[0]] = true
		table[op[0]&^0x20] = table[op[0]&^0x20] || isLetter(op[0])
	}
	return table
}()

// compares returns where an operator ends that is at a byte; i if none is.
func (s *scanner) compares(i int) int {
	i = s.gap(s.while(i, ") "))
	if !beginsOperator[s.byteAt(i)] {
		return i
	}
	for _, op := range operators {
		if s.hasAt(i, op) && (!isLetter(op[0]) || !isWord(s.byteAt(i+len(op)))) {
			return i + len(op)
		}
	}
	return i
}

// tautology looks behind or, and, having for a comparison of two values, such
// as 1=1, 'a'='a or x=x, or for a value alone before a comment.
func (s *scanner) tautology(start, end int) int {
	first := s.open(end)
	for _, word := range []string{"not", "exists", "select", "if", "case"} {
		if to := s.gap(first + len(word)); s.wordAt(first, word) && (s.byteAt(to) == '(' || word == "select" && s.behindValue(start)) {
			if s.behindValue(start) || word != "if" && word != "not" {
				s.add(SQL, start, to)
				return to
			}
		}
	}
	if s.byteAt(first) == '!' {
		first++
	}
	mid, literal := s.operand(first)
	if mid == first {
		return start
	}
	op := s.gap(s.while(mid, ") "))
	to := s.compares(op)
	if to == op {
		return s.loneValue(start, first, mid, literal)
	}
	last, alsoLiteral := s.operand(to)
	bothNames := !literal && !alsoLiteral
	switch {
	case last == to:
		return start
	case bothNames && (s.byteAt(op) != '=' || !strings.EqualFold(s.text[first:mid], s.text[s.open(to):last])):
		if !s.behindValue(start) || isLetter(s.byteAt(op)) {
			return start
		}
	case isLetter(s.byteAt(op)) && !s.behindValue(start) && (!literal || !alsoLiteral):
		return start
	case literal != alsoLiteral && !s.behindValue(start) && !s.ends(last) && !s.sqlFunction(s.open(to), last):
		return start
	case isDigit(s.byteAt(first)) && !s.behindValue(start) && (s.byteAt(op) == '<' || s.byteAt(op) == '>') && isSpace(s.byteAt(op+1)):
		return start
	}
	s.add(SQL, start, last)
	return last
}

// loneValue looks at a value without a comparison: or 1--, or true#.
func (s *scanner) loneValue(start, first, end int, literal bool) int {
	name := s.text[first:end]
	truth := strings.EqualFold(name, "true") || strings.EqualFold(name, "false") || strings.EqualFold(name, "null")
	if !literal && !truth && s.byteAt(end) != '(' {
		return start
	}
	if s.comments(s.gap(s.while(end, ") '\""))) || s.behindValue(start) && s.quotes > 0 && (isDigit(s.byteAt(first)) || truth || s.sqlFunction(first, end)) {
		s.add(SQL, start, end)
		return end
	}
	return start
}

// sqlFunction reports whether the name of a function that SQL has is called.
func (s *scanner) sqlFunction(start, end int) bool {
	return s.byteAt(end) == '(' && end-start <= longestKeyword && sqlFunctions[strings.ToLower(s.text[start:end])]
}

var sqlFunctions = func() map[string]bool {
	all := map[string]bool{}
	for name := range strings.FieldsSeq("sleep benchmark pg_sleep load_file extractvalue updatexml group_concat randomblob concat concat_ws char chr cast convert ascii substring substr mid unhex hex exists elt make_set gtid_subset row rand ifnull database version user current_user length count if ord bin left right upper lower json_keys utl_inaddr ctxsys dbms_pipe nullif coalesce exp pow floor schema system_user session_user db_name host_name xmltype") {
		all[name] = true
	}
	return all
}()

// comments reports whether a comment of SQL, or the end of a statement, begins
// at a byte.
func (s *scanner) comments(i int) bool {
	return s.hasAt(i, "--") || s.hasAt(i, "/*") || s.byteAt(i) == '#' || s.byteAt(i) == ';' && s.hasAt(s.spaces(i+1), "--") || s.hasAt(i, ";%00") || s.hasAt(i, "`--")
}

// ends reports whether the text, or a statement, ends at a byte.
func (s *scanner) ends(i int) bool {
	i = s.while(i, " )'\"")
	return i >= len(s.text) || s.text[i] == ';' || s.comments(i)
}

// like looks at a comparison with a pattern in quotes.
func (s *scanner) like(start, end int) int {
	i := s.gap(end)
	if q := s.byteAt(i); (q == '\'' || q == '"') && s.behindValue(start) && (s.byteAt(i+1) == '%' || s.byteAt(i+1) == q || s.byteAt(start-1) == q) {
		s.add(SQL, start, i+1)
		return i + 1
	}
	return start
}

// union looks for a second query behind the first.
func (s *scanner) union(start, end int) int {
	i := s.open(end)
	for range 2 {
		i = s.open(s.anyWordAt(i, "all", "distinct"))
	}
	to := s.anyWordAt(i, "select", "values")
	if to == i {
		return start
	}
	s.add(SQL, start, to)
	return to
}

// articles stand behind "from" in prose, not in SQL.
var articles = []string{"the", "a", "an", "this", "these", "that", "those", "my", "your", "our", "his", "her", "their", "its", "it", "which", "each", "all", "any", "one", "two", "three"}

// tables are names that tables of others have.
var tables = []string{"users", "user", "accounts", "account", "admin", "admins", "members", "customers", "orders", "products", "passwords", "credentials", "employees", "dual", "mysql", "pg_user", "pg_tables", "tables", "sys", "login", "logins", "creds", "secrets", "tablename", "table_name"}

// selects looks at what is selected and where from.
func (s *scanner) selects(start, end int) int {
	i := s.open(s.anyWordAt(s.open(end), "distinct", "top"))
	if s.byteAt(i) == '*' || s.hasAt(i, "@@") || strings.HasPrefix(s.within(i, 3), "0x") || s.sqlFunction(i, s.nameEnd(i)) || s.byteAt(start-1) == '(' && isDigit(s.byteAt(i)) {
		s.add(SQL, start, i+1)
		return i + 1
	}
	odd := s.byteAt(start-1) == '(' || strings.IndexByte("'\"0123456789", s.byteAt(i)) >= 0 && s.behindValue(start) || s.anyWordAt(i, "null", "case") > i
	to, words := i, 1
	for ; to < len(s.text) && to-i < 200 && words < 12; to++ {
		c := s.text[to]
		switch {
		case isSpace(c) || c == '+':
			if from := s.gap(to); s.wordAt(from, "from") || s.wordAt(from, "into") {
				return s.from(start, from, odd, words)
			}
			words++
		case c == '*' || c == '(' || c == '_' || c == '@' || c == ',' && !isSpace(s.byteAt(to+1)) || c == '\'' && !isLetter(s.byteAt(to-1)):
			odd = true
		case strings.IndexByte(".?!;", c) >= 0 && isSpace(s.byteAt(to+1)):
			return start
		}
	}
	if odd && s.behindValue(start) {
		s.add(SQL, start, i+1)
		return i + 1
	}
	return start
}

// from looks at the table behind "from", and at how the statement goes on.
func (s *scanner) from(start, from int, odd bool, words int) int {
	table := s.open(from + len("from"))
	if s.anyWordAt(table, articles...) > table {
		return start
	}
	end := s.nameEnd(s.while(table, "`'\"[@"))
	for s.byteAt(end) == '.' && isWord(s.byteAt(end+1)) {
		odd = true
		end = s.nameEnd(end + 1)
	}
	next := s.gap(s.while(end, "`'\"]"))
	goesOn := s.anyWordAt(next, "where", "limit", "union", "order", "group", "having", "join", "inner", "left", "offset", "fetch") > next || s.comments(next) || s.byteAt(next) == ';' || s.byteAt(next) == ')'
	known := words <= 3 && (s.anyWordAt(table, tables...) > table || goesOn && s.hasWhere(next))
	if end == table || !odd && !known {
		return start
	}
	s.add(SQL, start, end)
	return end
}

// hasWhere reports whether a condition with a comparison, a limit or a comment
// begins at a byte.
func (s *scanner) hasWhere(i int) bool {
	return s.comments(i) || s.byteAt(i) == ';' && s.ends(i) || strings.ContainsAny(s.within(i, 60), "=<>") || s.wordAt(i, "limit") && isDigit(s.byteAt(s.gap(i+5)))
}

// definition looks for what is created, altered or dropped.
func (s *scanner) definition(start, end int) int {
	i := s.gap(end)
	i = s.gap(s.anyWordAt(i, "temporary", "temp", "unique", "or"))
	to := s.anyWordAt(i, "table", "database", "schema", "view", "user", "column", "index", "procedure", "function", "trigger", "login", "role")
	if to == i {
		return start
	}
	name := s.gap(to)
	name = s.gap(s.anyWordAt(name, "if"))
	name = s.gap(s.anyWordAt(name, "not"))
	name = s.gap(s.anyWordAt(name, "exists"))
	last := s.nameEnd(s.while(name, "`'\"[*"))
	if last == name || s.anyWordAt(name, articles...) > name || s.anyWordAt(name, "for", "with", "in", "of", "to", "that", "from", "on", "and", "is", "salt", "wine", "name", "about") > name {
		return start
	}
	next := s.gap(s.while(last, "`'\"]"))
	shouts := isUpper(s.text[start]) && isUpper(s.text[start+1])
	named := s.anyWordAt(s.while(name, "`'\"["), tables...) > name
	if s.hasAt(start, "drop") || s.hasAt(start, "truncate") || s.hasAt(start, "alter") {
		if !shouts && !named && !s.ends(last) && !s.behindValue(start) && s.byteAt(next) != ';' && s.anyWordAt(next, "add", "drop", "modify", "rename", "set", "cascade") == next {
			return start
		}
	} else if s.byteAt(next) != '(' && s.anyWordAt(next, "as", "identified", "with", "select") == next && !s.behindValue(start) {
		return start
	}
	s.add(SQL, start, last)
	return last
}

// change looks at statements that change rows.
func (s *scanner) change(start, end int) int {
	i := s.gap(end)
	var form string
	switch {
	case s.wordAt(i, "into"):
		form = "into"
	case s.wordAt(i, "from"):
		form = "from"
	case s.hasAt(start, "update"):
	default:
		return start
	}
	table := s.gap(i + len(form))
	if s.anyWordAt(table, articles...) > table {
		return start
	}
	last := s.nameEnd(s.while(table, "`'\"["))
	for s.byteAt(last) == '.' && isWord(s.byteAt(last+1)) {
		last = s.nameEnd(last + 1)
	}
	next := s.gap(s.while(last, "`'\"]"))
	var ok bool
	switch form {
	case "into":
		ok = s.byteAt(next) == '(' || s.anyWordAt(next, "values", "select", "set", "using") > next
	case "from":
		ok = s.wordAt(next, "where") && s.hasWhere(next) || s.anyWordAt(table, tables...) > table || s.comments(next) || s.byteAt(next) == ';' || s.byteAt(next) == '*'
	default:
		ok = s.wordAt(next, "set") && strings.IndexByte(s.within(next, 60), '=') > 0
	}
	if !ok || last == table {
		return start
	}
	s.add(SQL, start, last)
	return last
}

// execute looks at words that run something.
func (s *scanner) execute(start, end int) int {
	i := s.gap(end)
	found := false
	switch strings.ToLower(s.text[start:end]) {
	case "exec", "execute", "call":
		found = s.hasAt(i, "xp_") || s.hasAt(i, "sp_") || s.hasAt(i, "master") || s.byteAt(i) == '(' && s.behindValue(start) || s.wordAt(i, "immediate") || s.byteAt(i) == '@'
	case "declare":
		found = s.byteAt(i) == '@'
	case "waitfor":
		found = s.anyWordAt(i, "delay", "time") > i
	case "shutdown", "rollback", "commit":
		found = s.behindValue(start) && s.quotes > 0 && s.ends(end)
	case "grant":
		found = s.wordAt(i, "all") && strings.Contains(s.within(i, 40), " to ") && isUpper(s.text[start]) || s.anyWordAt(i, "select", "dba", "connect") > i
	case "if":
		found = s.byteAt(i) == '(' && (s.behindValue(start) && s.quotes > 0 || s.byteAt(end) == '(' && strings.Contains(s.within(i, 60), "sleep"))
	case "begin":
		found = s.hasAt(i, "dbms_") || s.hasAt(i, "declare")
	case "copy":
		found = s.behindValue(start) && s.byteAt(s.spaces(end)) == '(' || strings.Contains(s.within(i, 60), " program ")
	case "case":
		found = s.wordAt(i, "when") && strings.Contains(strings.ToLower(s.within(i, 120)), "then") && s.behindValue(start)
	}
	if !found {
		return start
	}
	s.add(SQL, start, max(i, end))
	return max(i, end)
}

// orderBy looks at clauses behind a value: order by 10--, into outfile.
func (s *scanner) orderBy(start, end int) int {
	i := s.gap(end)
	to := start
	switch strings.ToLower(s.text[start:end]) {
	case "order", "group":
		by := s.gap(i + len("by"))
		value := s.nameEnd(s.while(by, "(@"))
		if s.wordAt(i, "by") && value > by && (s.comments(s.gap(s.while(value, ")"))) || s.quotes%2 == 1 || s.behindValue(start) && isDigit(s.byteAt(by))) {
			to = value
		}
	case "limit":
		if isDigit(s.byteAt(i)) && s.comments(s.gap(s.wordEnd(i))) {
			to = i + 1
		}
	case "procedure":
		to = max(start, s.anyWordAt(i, "analyse")*boolInt(s.wordAt(i, "analyse")))
	case "into":
		to = max(start, s.anyWordAt(i, "outfile", "dumpfile")*boolInt(s.anyWordAt(i, "outfile", "dumpfile") > i))
	case "load":
		if s.wordAt(i, "data") && strings.Contains(strings.ToLower(s.within(i, 30)), "infile") {
			to = i + 4
		}
	}
	if to > start {
		s.add(SQL, start, to)
	}
	return to
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sqlCall looks at functions that other languages have too: only in what has
// quotes, or other words, of SQL before.
func (s *scanner) sqlCall(start, end int) int {
	name := strings.ToLower(s.text[start:end])
	if s.byteAt(s.spaces(end)) != '(' {
		return start
	}
	inside := s.within(end, 80)
	sure := false
	switch name {
	case "benchmark", "pg_sleep", "load_file", "extractvalue", "updatexml", "randomblob", "group_concat", "gtid_subset":
		sure = true
	case "sleep":
		sure = s.quotes%2 == 1 || s.byteAt(start-1) == '(' || s.hasAt(start-4, "and ") || s.hasAt(start-3, "or ") || s.comments(s.spaces(s.while(end, "(0123456789.) "))) || s.behindValue(start) && s.byteAt(start-1) != '.'
	case "concat", "concat_ws", "unhex", "hex":
		sure = strings.Contains(inside, "0x") || strings.Contains(strings.ToLower(inside), "select") || s.quotes%2 == 1
	case "char", "chr":
		sure = isDigit(s.byteAt(end+1)) && (s.quotes%2 == 1 || s.byteAt(start-1) == '+' || strings.Contains(inside, ")+char(") || strings.Contains(strings.ToLower(inside), ")||chr("))
	case "cast", "convert", "ascii", "substring", "substr", "mid", "exists", "elt", "make_set", "row", "rand", "ifnull":
		sure = strings.Contains(strings.ToLower(inside), "select") || s.quotes%2 == 1 && s.behindValue(start)
	case "database", "version", "user", "current_user":
		sure = s.quotes%2 == 1 && s.behindValue(start)
	}
	if !sure {
		return start
	}
	s.add(SQL, start, end+1)
	return end + 1
}

// sqlName finds names that only databases have.
func (s *scanner) sqlName(start, end int) int {
	s.add(SQL, start, end)
	return end
}

// quote looks at a quotation mark: behind one that was not opened, a comment, a
// comparison or a new statement is an attack.
func (s *scanner) quote(i int) int {
	c := s.text[i]
	if isLetter(s.byteAt(i-1)) && isLetter(s.byteAt(i+1)) && c == '\'' {
		if s.hasAt(i+1, "or'") || s.hasAt(i+1, "or\"") || s.hasAt(i+1, "or(") || s.hasAt(i+1, "and'") {
			s.quotes++
		}
		return i + 1
	}
	s.quotes++
	if to := s.breakout(i); to > i {
		return to
	}
	next := s.gap(s.while(i+1, ") '\""))
	tight := s.while(i+1, ") ")
	switch {
	case s.comments(tight) && (s.quotes%2 == 1 || s.hasAt(i+1, "--") && s.byteAt(i+3) != ' '):
		if s.byteAt(tight) == '#' && isAlnum(s.byteAt(tight+1)) {
			return i + 1
		}
	case s.byteAt(tight) == ';' && s.statement(s.spaces(tight+1)):
	case s.equals(i):
	case (s.hasAt(next, "||") || s.hasAt(next, "&&")) && s.quotes%2 == 1 && s.joins(s.open(next+2)):
	case (s.byteAt(i+1) == '+' || s.byteAt(i+1) == '|' || s.byteAt(i+1) == '-' || s.byteAt(i+1) == '*' || s.byteAt(i+1) == '^' || s.byteAt(i+1) == '&') && s.hasAt(s.while(i+1, "+|-*^& ("), "select"):
	default:
		return i + 1
	}
	s.add(SQL, i, max(next, i+1))
	return i + 1
}

// equals reports whether a quotation mark is followed by a comparison with
// another one: '=' or '='x.
func (s *scanner) equals(i int) bool {
	c := s.text[i]
	op := s.while(i+1, " )")
	to := s.while(op, "=<>!")
	if to == op || to > op+3 {
		return false
	}
	value := s.while(to, " (")
	return s.byteAt(value) == c && s.quotes%2 == 1 && s.byteAt(i-1) != '=' && (s.byteAt(i-1) == 0 || !isSpace(s.byteAt(i-1)) || op == i+1)
}

// joins reports whether a value or a query begins at a byte, as behind ||.
func (s *scanner) joins(i int) bool {
	c := s.byteAt(i)
	return c == '\'' || c == '"' || isDigit(c) || s.anyWordAt(i, "select", "true", "sleep", "pg_sleep", "utl_http", "not") > i || s.sqlFunction(i, s.nameEnd(i))
}

// statement reports whether a word that begins a statement of SQL is at a byte.
func (s *scanner) statement(i int) bool {
	return s.anyWordAt(i, "select", "insert", "update", "delete", "drop", "exec", "execute", "shutdown", "waitfor", "declare", "create", "alter", "truncate", "copy", "call", "grant", "if", "begin", "use", "set", "do", "rollback", "commit", "vacuum", "attach") > i
}

// query looks at a semicolon or bracket before a query.
func (s *scanner) query(i int) int {
	next := s.gap(i + 1)
	switch s.text[i] {
	case ';':
		if !s.comments(i) || s.byteAt(i) == '#' {
			return i
		}
	case '|', '&':
		if s.byteAt(i+1) != s.text[i] || s.quotes == 0 || !s.sqlFunction(s.open(i+2), s.nameEnd(s.open(i+2))) {
			return i
		}
	default:
		return i
	}
	s.add(SQL, i, next+1)
	return i + 1
}

// comment looks at two dashes that end a statement: behind a quote that was not
// opened.
func (s *scanner) comment(i int) int {
	if !s.hasAt(i, "--") {
		return i
	}
	before := i
	for before > max(i-farthest, 0) && strings.IndexByte(" )+", s.text[before-1]) >= 0 {
		before--
	}
	c := s.byteAt(before - 1)
	if before == 0 || c != '\'' && c != '"' || s.quotes%2 == 0 {
		return i
	}
	s.add(SQL, before-1, i+2)
	return i + 2
}

// operator looks at a name with a dollar that queries in JSON have: "$gt".
func (s *scanner) operator(i int) int {
	if s.text[i] != '$' || strings.IndexByte("\"'{[ ,", s.byteAt(i-1)) < 0 {
		return i
	}
	to := s.anyWordAt(i+1, "gt", "gte", "lt", "lte", "ne", "eq", "in", "nin", "regex", "where", "or", "and", "not", "exists", "expr", "function", "options", "elemmatch", "size", "type", "mod", "all", "text", "func", "lookup")
	if to == i+1 || strings.IndexByte("\"': ]=", s.byteAt(to)) < 0 || s.byteAt(i-1) == ' ' && s.byteAt(to) != ':' {
		return i
	}
	s.add(SQL, i, to)
	return to
}
