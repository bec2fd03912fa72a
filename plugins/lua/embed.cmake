# cmake -DFROM=FILE -DTO=FILE.inc -P embed.cmake: a text as the characters of a C string.
file(READ ${FROM} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n\"" text "${text}")
file(WRITE ${TO} "\"${text}\"\n")
