# project_options: how everything is compiled. project_warnings: what we hold our own code to.
add_library(project_options INTERFACE)
target_compile_features(project_options INTERFACE cxx_std_20)
target_include_directories(project_options INTERFACE ${PROJECT_SOURCE_DIR})
# Asio and Beast are compiled once, in their own objects; every other file only declares them.
target_compile_definitions(project_options INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                                     BOOST_ASIO_NO_DEPRECATED)
# The last option lets ccache see through precompiled headers.
target_compile_options(project_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fcoroutines;-fpch-preprocess>)
if(SLUICE_SANITIZE MATCHES "undefined")
  # These look at every access to memory: a third of the time it takes to compile, and hardly anything to find outside of
  # the code that walks other people's bytes, which asks for them again (bytes_are_walked).
  set(checks_of_every_access -fno-sanitize=alignment,object-size,pointer-overflow,vptr)
endif()
if(SLUICE_SANITIZE)
  # CAF's spawn header trips UBSan's null check; it is not ours to mend.
  target_compile_options(project_options INTERFACE -fsanitize=${SLUICE_SANITIZE} -fno-sanitize=null
                                                   -fno-sanitize-recover=all -fno-omit-frame-pointer
                                                   ${checks_of_every_access})
  target_link_options(project_options INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()

add_library(project_warnings INTERFACE)
target_compile_options(project_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Wnon-virtual-dtor)
if(SLUICE_WERROR)
  target_compile_options(project_warnings INTERFACE -Werror)
endif()
# GCC 12 warns falsely of these inside the standard library and CAF, and of Asio's coroutine frames, and which files it
# hits changes with every level of optimisation.
set(false_warnings -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-restrict -Wno-array-bounds
                   -Wno-stringop-overflow -Wno-stringop-overread)
target_compile_options(project_warnings INTERFACE "$<$<CXX_COMPILER_ID:GNU>:${false_warnings}>")

# hot_sources(FILE…): what every byte of an image goes through. Optimised to the last, and in a sanitized build too, where
# everything else is not optimised at all. Extra options of these files are given as OPTIONS.
function(hot_sources)
  cmake_parse_arguments(hot "" "" "OPTIONS" ${ARGN})
  set_source_files_properties(${hot_UNPARSED_ARGUMENTS} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
                              COMPILE_OPTIONS "$<IF:$<CONFIG:Debug>,-O1,-O3>;${hot_OPTIONS}")
endfunction()

# compiled_in_batches(TARGET): several files are compiled as one, which takes half the time where all of them instantiate
# the same templates. Their names in anonymous namespaces must differ. BY_FOLDER: the files of a folder are one batch, so that
# only their names must; those of the folders named behind ALONE stay as they are.
function(compiled_in_batches target)
  cmake_parse_arguments(batches "BY_FOLDER" "" "ALONE" ${ARGN})
  if(NOT SLUICE_BATCHES)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
  if(batches_BY_FOLDER)
    set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
      get_filename_component(folder ${source} DIRECTORY)
      file(RELATIVE_PATH folder ${CMAKE_CURRENT_SOURCE_DIR} ${folder})
      if(NOT folder IN_LIST batches_ALONE)
        string(MAKE_C_IDENTIFIER "${folder}" group)
        set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
      endif()
    endforeach()
  endif()
  # A coroutine's frame holds what its own file alone knows: no fault when that file is part of another.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# bytes_are_walked(TARGET): this one reads what strangers wrote, by pointer and offset. Under the sanitizers every access
# is checked.
function(bytes_are_walked target)
  if(SLUICE_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fsanitize=alignment,object-size,pointer-overflow)
  endif()
endfunction()

# One static library of the folder's own sources: a file dropped into the folder is built.
function(sluice_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE more CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND sources ${more})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC project_options PRIVATE project_warnings)
endfunction()
