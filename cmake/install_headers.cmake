# Installs the public headers: <troupe/troupe.hpp> and every header of ours that it reaches.
# Inside the repository they include each other as "actors/task.hpp"; installed they say
# <troupe/actors/task.hpp>, so that a user's own folder named actors/ or config/ cannot get between.

cmake_policy(VERSION 3.25)

set(destination "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${TROUPE_HEADER_DESTINATION}")
set(include_line "#include \"((config|actors|storage|gateway|node)/[^\"]+)\"")

# Paths relative to the repository's root; the umbrella header is the only one that moves.
set(umbrella "node/include/troupe/troupe.hpp")
set(pending "${umbrella}")
set(done "")

while(pending)
  list(POP_FRONT pending header)
  if(header IN_LIST done)
    continue()
  endif()
  list(APPEND done "${header}")

  # Taken line by line, a list would break at semicolons and brackets; the text as a whole does not.
  file(READ "${TROUPE_SOURCE_DIR}/${header}" text)
  string(REGEX MATCHALL "${include_line}" lines "${text}")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "${include_line}" "\\1" path "${line}")
    list(APPEND pending "${path}")
  endforeach()
  string(REGEX REPLACE "${include_line}" "#include <troupe/\\1>" text "${text}")

  set(target "${destination}/${header}")
  if(header STREQUAL umbrella)
    set(target "${destination}/troupe.hpp")
  endif()
  file(WRITE "${target}" "${text}")
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${target}")
endwhile()

list(LENGTH done count)
message(STATUS "Installed ${count} headers into ${destination}")
