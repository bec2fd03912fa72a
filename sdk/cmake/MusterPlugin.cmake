# muster_add_plugin(NAME source... [LINK lib...] [NO_INSTALL]): one plugin, NAME.so in
# <build>/plugins, installed to <libdir>/muster/plugins.
#
# Hidden visibility, all symbols resolved at link time, no lib prefix, not writable by others: what
# the host expects.
include(GNUInstallDirs)

function(muster_add_plugin name)
    cmake_parse_arguments(arg "NO_INSTALL" "" "LINK" ${ARGN})
    add_library(${name} MODULE ${arg_UNPARSED_ARGUMENTS})
    set_target_properties(${name} PROPERTIES
        PREFIX "" SUFFIX ".so" C_VISIBILITY_PRESET hidden C_STANDARD 17
        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
    if(TARGET muster_sdk)
        target_link_libraries(${name} PRIVATE muster_sdk muster_options)
    else()
        target_link_libraries(${name} PRIVATE muster::sdk)
        target_compile_options(${name} PRIVATE -ffp-contract=off)
    endif()
    # C++: a file with unique symbols stays in memory after a reload; a table names the fields it has
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>
        $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>)
    target_link_libraries(${name} PRIVATE ${arg_LINK})
    if(NOT MUSTER_SANITIZE) # a sanitizer's runtime is resolved from the daemon
        target_link_options(${name} PRIVATE -Wl,-z,defs)
    endif()
    add_custom_command(TARGET ${name} POST_BUILD # whatever the umask of who builds
        COMMAND chmod go-w $<TARGET_FILE:${name}> $<TARGET_FILE_DIR:${name}> VERBATIM)
    if(NOT arg_NO_INSTALL)
        install(TARGETS ${name} COMPONENT runtime
            LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/muster/plugins)
    endif()
endfunction()
