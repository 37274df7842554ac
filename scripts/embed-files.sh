#!/bin/sh
# embed-files.sh NAME OUTPUT FILE...: OUTPUT.c with the bytes of each file and
# a table of them, OUTPUT.h with its declaration. A file's key is its last two
# path parts ("mail/digest.html"); the table is sorted as the arguments are and
# ends with a NULL key.
set -eu
name=$1 output=$2
shift 2
guard=GEN_$(printf %s "$name" | tr a-z A-Z)_H
{
	echo "/* made by scripts/embed-files.sh */"
	echo "#ifndef $guard"
	echo "#define $guard"
	echo "#include <stddef.h>"
	echo "struct ${name}_file { const char *key; const char *data; size_t size; };"
	echo "extern const struct ${name}_file ${name}_files[];"
	echo "#endif"
} > "$output.h"
{
	echo "#include \"$(basename "$output").h\""
	i=0
	for file; do
		echo "static const char file_$i[] = {"
		od -An -v -tx1 "$file" | sed 's/ \([0-9a-f][0-9a-f]\)/(char)0x\1,/g'
		echo "0};"
		i=$((i + 1))
	done
	echo "const struct ${name}_file ${name}_files[] = {"
	i=0
	for file; do
		key=$(basename "$(dirname "$file")")/$(basename "$file")
		echo "{\"$key\", file_$i, sizeof(file_$i) - 1},"
		i=$((i + 1))
	done
	echo "{0, 0, 0}};"
} > "$output.c"
