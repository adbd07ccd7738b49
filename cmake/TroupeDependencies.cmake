# Finds every library that Troupe uses. docs/ and scripts/packages.txt name the Debian packages.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

find_package(CAF REQUIRED COMPONENTS core io)

# Header-only Asio and Beast. Debian 12's default Boost, 1.74, is too old for Clang 19.
find_package(Boost 1.81 CONFIG QUIET)
if(NOT TARGET Boost::headers)
  message(FATAL_ERROR " Troupe: needs the headers of Boost 1.81 or newer "
    "(Debian 12: apt install libboost1.81-dev, Debian 13: libboost1.83-dev)")
endif()

find_package(PQXX 6.4 REQUIRED)
find_package(SQLiteCpp CONFIG REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto SSL)
find_package(CLI11 CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(nlohmann_json 3.11 CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED) # tells no version

if(TROUPE_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()
if(TROUPE_BUILD_BENCH)
  find_package(benchmark CONFIG QUIET)
endif()

# Asio as Troupe uses it; whoever includes a public header of Troupe must see the same settings.
add_library(troupe_asio INTERFACE)
add_library(troupe::asio ALIAS troupe_asio)
set_target_properties(troupe_asio PROPERTIES EXPORT_NAME asio)
target_link_libraries(troupe_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(troupe_asio INTERFACE BOOST_ASIO_NO_DEPRECATED)
