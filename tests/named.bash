# named.bash - ./dev test NAME...: what a name stands for, and running just that. Sourced by ./dev.
#
# A name is, in this order: a part of the suite; a file (path, or its base name), or a test of
# CTest; a pattern, a regular expression that the names of single tests are searched for.

server_tests=(tests/{abuse,release,server}/*.test.mjs)
browser_tests=(tests/browser/*.test.mjs)
# With sanitizers, what differs by them: not the rules of the tree, nor what holds documents, and what
# they show, against the tools. Modes on the arena are played by their specs, what chaos mixes is done one
# by one by saved, supervise, upgrade and crashes, and twins do at every tick what reborn does. Of the pages,
# which the server tests stand in for, those that ask most of the server.
unit_asan_options=(-E '^tree[.]|^release[.]|^bench[.]|^unit[.]lua[.]stock_test$|^server[.]engine[.](many|reborn)$')
server_asan_left_out='release/(documents|five_minutes|scripting|wire)[.]|server/(arena_modes|chaos|check|mod_faults|schemathesis)[.]'
mapfile -t server_asan_tests < <(printf '%s\n' "${server_tests[@]}" | grep -vE "$server_asan_left_out")
browser_asan_tests=(tests/browser/{browser,recovery}.test.mjs)

parts=()    # of the suite
programs=() # tests of CTest
scripts=()  # tests/**/*.test.mjs, run whole
patterns=() # of names of single tests

ctest_names() { ctest --test-dir build/release -N | sed -nE 's/^ *Test +#[0-9]+: (.*)$/\1/p'; }

# True when a test of CTest is meant by NAME: "unit.core.limit_test", "limit_test", "limit".
add_programs() {
    local name=${1##*/} test found=1
    name=${name%.c}
    while IFS= read -r test; do
        case $test in
        "$1" | *."$name" | *."$name"_test)
            programs+=("$test")
            found=0 ;;
        esac
    done < <(ctest_names)
    return $found
}

add_scripts() {
    local file found=1
    for file in "$1" "tests/$1.test.mjs" tests/{server,abuse,release,browser}/"$1"{,.test.mjs}; do
        [[ -f $file && $file == *.test.mjs ]] || continue
        scripts+=("$file")
        found=0
    done
    return $found
}

# The files that have a test whose name fits.
files_with() {
    local file
    for file in "${server_tests[@]}" "${browser_tests[@]}" tests/unit/*/*.test.mjs; do
        sed -nE 's/^ *(test|it)\((.*)$/\2/p' "$file" | grep -qE -- "$1" && echo "$file"
    done
    return 0
}

# C programs cannot be told to run one function: the whole program runs.
programs_with() {
    local file
    grep -lE -- "^static void [a-z0-9_]*$1[a-z0-9_]*\(void \*\*" tests/*/*.c tests/*/*/*.c |
        while IFS= read -r file; do basename "$file" .c; done || true
    ctest_names | grep -E -- "$1" || true
}

add_pattern() {
    local program found=1
    grep -qE -- "$1" <<<"" || [[ $? == 1 ]] || die "test: $1 is no regular expression"
    while IFS= read -r program; do
        add_programs "$program" && found=0
    done < <(programs_with "$1" 2>/dev/null | sort -u)
    [[ -z $(files_with "$1") ]] || { patterns+=("$1"); found=0; }
    return $found
}

add_name() {
    local found=1
    case $1 in
    "") ;;
    unit | server | browser) parts+=("$1-release"); found=0 ;;
    unit-asan | server-asan | browser-asan | unit-release | server-release | browser-release | \
        format | openapi) parts+=("$1"); found=0 ;;
    *)
        add_programs "$1" && found=0
        add_scripts "$1" && found=0
        [[ $found == 0 ]] || ! add_pattern "$1" || found=0 ;;
    esac
    [[ $found == 0 ]] || die "test: there is no part, file or test \"$1\"; ./dev help says what a name is"
}

run_part() {
    say "dev: testing $1"
    case $1 in
    format) part_check format format_check ;;
    openapi) part_check openapi openapi_lint ;;
    unit-release) part_ctest "$1" release ;;
    unit-asan) part_ctest "$1" asan "${unit_asan_options[@]}" ;;
    server-release) part_node "$1" release 4 "${server_tests[@]}" ;;
    server-asan) part_node "$1" asan 4 "${server_asan_tests[@]}" ;;
    browser-release) part_node "$1" release 2 "${browser_tests[@]}" ;;
    browser-asan) part_node "$1" asan 2 "${browser_asan_tests[@]}" ;;
    esac
}

# The regular expression that fits these names and no others.
any_of() {
    local IFS='|'
    echo "^($(sed 's/[.]/[.]/g' <<<"$*"))\$"
}

run_programs() {
    say "dev: testing ${programs[*]}"
    part_ctest programs release -R "$(any_of "${programs[@]}")"
}

run_scripts() {
    say "dev: testing ${scripts[*]}"
    part_node scripts release 1 "${scripts[@]}"
}

run_pattern() {
    local name=pattern-$1 pattern=$2 files
    mapfile -t files < <(files_with "$pattern")
    say "dev: testing what fits \"$pattern\" in ${files[*]}"
    part_node "$name" release 1 --test-name-pattern="$pattern" "${files[@]}"
}

# Test tools are installed only for those who use them.
setup_named() {
    if [[ ${parts[*]} == format ]]; then
        need_packages clang-format
    elif [[ -n ${parts[*]}${scripts[*]}${patterns[*]} ]]; then
        setup --test
    fi
}

test_named() {
    local started=$SECONDS total_passed=0 total_failed=0 quiet_build=1 name i
    setup
    # A run of everything may be on its way beside this one, or this one be a test of another.
    logs=${DEV_TEST_LOGS:-$logs}/named
    export DEV_TEST_LOGS=$logs
    rm -rf "$logs"
    mkdir -p "$logs"
    build release || { echo "0 passed, 1 failed"; return 1; }
    for name in "$@"; do add_name "$name"; done
    setup_named
    case " ${parts[*]} " in *-asan\ *) build asan || { echo "0 passed, 1 failed"; return 1; } ;; esac
    for name in "${parts[@]}"; do run_part "$name"; done
    [[ ${#programs[@]} == 0 ]] || run_programs
    [[ ${#scripts[@]} == 0 ]] || run_scripts
    for i in "${!patterns[@]}"; do run_pattern "$i" "${patterns[i]}"; done
    report_all
}
