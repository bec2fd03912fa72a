# layout.awk - from the SDK's headers to a C program that prints offset and size of every field of
# every public struct, and the numbers of every public list.

function flush_struct(text,    name, body, fields, count, i, field) {
    name = text
    sub(/ *\{.*/, "", name)
    sub(/^struct */, "", name)
    body = text
    sub(/^[^{]*\{/, "", body)
    gsub(/union *\{|\}/, "", body)
    printf "    printf(\"struct %s %%zu\\n\", sizeof(struct %s));\n", name, name
    count = split(body, fields, ";")
    for (i = 1; i <= count; i++) {
        field = fields[i]
        if (match(field, /\(\*[a-z_0-9]+\)/)) {
            field = substr(field, RSTART + 2, RLENGTH - 3)
        } else {
            sub(/ *(\[[^]]*\] *)+$/, "", field)
            if (!match(field, /[a-z_0-9]+ *$/)) continue
            field = substr(field, RSTART, RLENGTH)
            gsub(/ /, "", field)
        }
        printf "    FIELD(%s, %s);\n", name, field
    }
}

function public_lists(    i, count, lists) {
    count = split("STATUS ROLE LOBBY_STATE LEAVE END REPORT ACTION NOTICE SANCTION DISTURBED", lists, " ")
    for (i = 1; i <= count; i++) {
        printf "#define %s_LINE(name, code, text) printf(\"%s %%s %%d\\n\", #name, code);\n",
               lists[i], lists[i]
        printf "#ifdef MUSTER_%s_MAP\n    MUSTER_%s_MAP(%s_LINE)\n#endif\n", lists[i], lists[i], \
               lists[i] # the frozen headers lack the newer ones
    }
}

{
    if (directive || /^ *#/) {
        directive = /\\$/
        next
    }
    if (match($0, /^MUSTER_ID\([a-z_]+\)/))
        $0 = "struct " substr($0, RSTART + 10, RLENGTH - 11) " { uint64_t value; };"
    text = text " " $0
}

END {
    gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", text)
    gsub(/[ \t]+/, " ", text)
    print "#include <muster/plugin.h>"
    print "#include <stdio.h>"
    print "#define FIELD(s, f) printf(\"  %s %zu %zu\\n\", #f, offsetof(struct s, f), " \
          "sizeof(((struct s *)0)->f))"
    print "int main(void) {"
    while (match(text, /struct [a-z_]+ \{/)) {
        text = substr(text, RSTART)
        depth = 0
        for (i = index(text, "{"); ; i++) {
            c = substr(text, i, 1)
            if (c == "{") depth++
            if (c == "}" && --depth == 0) break
        }
        flush_struct(substr(text, 1, i))
        text = substr(text, i)
    }
    public_lists()
    print "    return 0;"
    print "}"
}
