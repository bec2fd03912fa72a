# cmake -DFROM=FOLDER -DTO=FILE.c -P templates.cmake: the files below the folder as C, path and text.
file(GLOB_RECURSE files RELATIVE ${FROM} ${FROM}/*)
list(REMOVE_ITEM files CMakeLists.txt) # of the folder itself
list(SORT files)
set(rows "")
foreach(file IN LISTS files)
    file(READ ${FROM}/${file} text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
    string(APPEND rows "    {\"${file}\",\n     \"${text}\"},\n")
endforeach()
file(WRITE ${TO} "#include \"new.h\"\n\nconst struct template templates[] = {\n${rows}    {0},\n};\n")
