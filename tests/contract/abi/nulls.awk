# nulls.awk - from host.h to a plugin that calls each of its functions with each pointer null, and with
# each struct it gives of size 0, one wrong thing at a time. Prints C.

# The parameter without its name: its type.
function type_of(param) {
    if (param ~ /\(\*/) return "function"
    sub(/[a-z_]+$/, "", param)
    gsub(/ +$/, "", param)
    gsub(/ \*/, "*", param)
    return param
}

# Splits at commas outside of parentheses.
function split_params(text, params,    i, c, depth, count, start) {
    count = 0
    start = 1
    for (i = 1; i <= length(text) + 1; i++) {
        c = substr(text, i, 1)
        if (c == "(") depth++
        if (c == ")") depth--
        if (i > length(text) || (c == "," && depth == 0)) {
            params[++count] = substr(text, start, i - start)
            sub(/^ +/, "", params[count])
            start = i + 1
        }
    }
    return count
}

# Something that is no null, of a type.
function good(type) {
    if (type == "function" || type ~ /_fn$/) return "(void *)nothing"
    if (type == "muster_self*") return "self"
    if (type == "...") return ""
    if (type == "va_list") return "no_args"
    if (type == "const struct muster_log_field*") return "&no_field"
    if (type == "const char*") return "text"
    if (type == "char*") return "buffer"
    if (type == "void*" || type == "const void*") return "buffer"
    if (type ~ /\*( *const *)?\*$/) return "(void *)sized(0)" # of pointers: the first is null
    if (type ~ /\*$/) return "(void *)sized(sizeof(" base_of(type) "))"
    if (type ~ /^struct muster_bytes$/) return "(struct muster_bytes){\"x\", 1}"
    if (type ~ /^muster_[a-z_]+_id$/) return "(" type "){0}"
    if (type == "int32_t") return "-1"
    if (type == "bool") return "true"
    return "1"
}

function base_of(type) {
    sub(/^const /, "", type)
    sub(/\*( *const *\*)?$/, "", type)
    gsub(/\*/, " *", type)
    return type
}

function is_pointer(type) { return type ~ /\*$/ || type == "function" || type ~ /_fn$/ }
function is_sized(type) { return type ~ /struct muster_[a-z_]+\*$/ && type !~ /writer|reader|bytes|log_field|input\*/ }

function call(group, name, count, types, wrong, value,    i, list) {
    list = ""
    for (i = 1; i <= count; i++) {
        if (types[i] == "...") continue
        list = list (i > 1 ? ", " : "") (i == wrong ? value : good(types[i]))
    }
    printf "    (void)host->%s->%s(%s);\n", group, name, list
    calls++
}

function flush_function(group, text,    name, params, types, count, i) {
    match(text, /\(\*[a-z_]+\)\(/)
    name = substr(text, RSTART + 2, RLENGTH - 4)
    text = substr(text, RSTART + RLENGTH)
    sub(/\)[^)]*;$/, "", text)
    sub(/\) MUSTER_PRINTF\(.*$/, "", text)
    count = split_params(text, params)
    for (i = 1; i <= count; i++) types[i] = params[i] == "..." ? "..." : type_of(params[i])
    functions++
    for (i = 1; i <= count; i++) {
        if (i > 1 && is_pointer(types[i])) call(group, name, count, types, i, "NULL")
        if (is_sized(types[i])) call(group, name, count, types, i, "(void *)sized(0)")
        if (types[i] == "struct muster_bytes") call(group, name, count, types, i, "(struct muster_bytes){NULL, 10}")
    }
    call(group, name, count, types, 0, "")
}

{
    if (directive || /^ *#/) {
        directive = /\\$/
        next
    }
    text = text " " $0
}

END {
    gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", text)
    gsub(/[ \t]+/, " ", text)
    print "/* Made from host.h by nulls.awk. */"
    print "static void call_all(muster_self *self, const struct muster_host *host) {"
    while (match(text, /struct muster_host_[a-z]+ \{/)) {
        group = substr(text, RSTART + 19, RLENGTH - 21)
        text = substr(text, RSTART + RLENGTH)
        end = index(text, "};")
        body = substr(text, 1, end - 1)
        count = split(body, fields, ";")
        for (f = 1; f <= count; f++)
            if (fields[f] ~ /\(\*[a-z_]+\)\(/) flush_function(group, fields[f] ";")
        text = substr(text, end)
    }
    print "}"
    printf "enum { FUNCTIONS = %d, CALLS = %d };\n", functions, calls
}
