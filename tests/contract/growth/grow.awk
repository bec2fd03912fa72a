# grow.awk - a header of the SDK as a later minor may have it: every struct that begins with its size
# has one more field at its end, and the minor is the next.

/^struct [a-z_]+ \{$/ { inside = 1; grows = 0 }
inside && /^ +uint32_t size;/ { grows = 1 }
inside && /^\};$/ {
    if (grows) print "    uint64_t appended;"
    inside = 0
}
/^#define MUSTER_ABI_MINOR / { $0 = $1 " " $2 " " $3 + 1 }
{ print }
