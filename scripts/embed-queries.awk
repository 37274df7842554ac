# Turns daemon/queries/*.sql into an enum and a table of statements. A statement
# starts with "-- name: some_name", then comment lines, then SQL to the next.
BEGIN { count = 0 }
function emit() {
	if (name == "")
		return
	sub(/[ \n]*;[ \n]*$/, "", sql)
	gsub(/\\/, "\\\\", sql)
	gsub(/"/, "\\\"", sql)
	gsub(/\n/, "\\n\"\n\t \"", sql)
	names[count] = name
	texts[count++] = sql
	name = ""
}
BEGIN { count = 0 }
/^-- name: / {
	emit()
	name = $3
	if (name in seen) {
		printf "%s:%d: a second statement named %s\n", FILENAME, FNR, name > "/dev/stderr"
		failed = 1
	}
	seen[name] = 1
	sql = ""
	next
}
/^--/ || /^[ \t]*$/ { next }
{ sql = sql == "" ? $0 : sql "\n" $0 }
END {
	emit()
	print "/* made from daemon/queries/ */\n#ifndef GEN_QUERIES_H\n#define GEN_QUERIES_H\nenum query_id {" > header
	for (i = 0; i < count; i++)
		print "\tQUERY_" toupper(names[i]) "," > header
	print "\tQUERY_COUNT\n};\nstruct query_text { const char *name, *sql; };\nextern const struct query_text query_texts[QUERY_COUNT + 1];\n#endif" > header
	# a report's statement is longer than the 4095 bytes that C promises
	print "#pragma GCC diagnostic ignored \"-Woverlength-strings\"" > source
	print "#include \"queries.h\"\nconst struct query_text query_texts[QUERY_COUNT + 1] = {" > source
	for (i = 0; i < count; i++)
		printf "\t{\"%s\",\n\t \"%s\"},\n", names[i], texts[i] > source
	print "\t{0, 0}};" > source
	exit failed
}
