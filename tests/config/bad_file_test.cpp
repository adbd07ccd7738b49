// What is wrong in a configuration file, and the one line that says so.
#include "tests/config/parsing.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>
#include <utility>

namespace troupe::config::test {
namespace {

using bad_file = std::pair<std::string, std::string>;

void expect_errors(const std::vector<bad_file>& cases) {
  for (const auto& [content, error] : cases) {
    EXPECT_EQ(error_of_file(content), error) << content;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(bad_name_in_a_file, is_refused_with_its_line) {
  expect_errors({
      {"[gateway]\n\nthread = 1",
       "FILE:3: gateway.thread: unknown key, did you mean gateway.threads?"},
      {"[gateway]\nfrobnicate = 1",
       "FILE:2: gateway.frobnicate: unknown key, expected gateway.listen, gateway.cluster, "
       "gateway.cluster_insecure, gateway.advertise, gateway.peers, gateway.admin, gateway.admin_token, gateway.threads, "
       "gateway.local_workers, gateway.share_address or gateway.drain_timeout"},
      {"[worker]\njion = ['a:1']", "FILE:2: worker.jion: unknown key, did you mean worker.join?"},
      {"[gatewy]\n", "FILE:1: unknown section [gatewy], did you mean gateway?"},
      {"[metrics]\n",
       "FILE:1: unknown section [metrics], expected gateway, http, tls, cluster, storage, actors, log, trace or "
       "worker"},
      {"[gateway.http]\n",
       "FILE:1: unknown section [gateway.http], expected gateway, http, tls, cluster, storage, actors, log, trace or "
       "worker"},
      {"gateway.http.max_headers = 9",
       "FILE:1: unknown section [gateway.http], expected gateway, http, tls, cluster, storage, actors, log, trace or "
       "worker"},
      {"listen = 'a:1'",
       "FILE:1: key listen stands in no section, expected it under one of gateway, http, tls, cluster, storage, actors, "
       "log, trace or worker"},
      {"[gateway]\nthreads = 1\nthreads = 2",
       "FILE:3: found gateway.threads again, expected it once: it stands in line 2"},
      {"[log]\n[http]\n[log]", "FILE:3: found [log] again, expected it once: it stands in line 1"},
      {"[gateway]\n\"a\\nb\" = 1",
       R"(FILE:2: gateway.a\x0ab: unknown key, expected gateway.listen, gateway.cluster, gateway.cluster_insecure, )"
       "gateway.advertise, gateway.peers, gateway.admin, gateway.admin_token, gateway.threads, gateway.local_workers, "
       "gateway.share_address or gateway.drain_timeout"},
  });
}

TEST(bad_value_in_a_file, is_refused_with_its_line_and_key) {
  expect_errors({
      {"[gateway]\nthreads = 300",
       "FILE:2: gateway.threads: found 300, expected a whole number from 0 to 256"},
      {"[gateway]\nthreads = '4'",
       "FILE:2: gateway.threads: found \"4\", expected a whole number from 0 to 256, without "
       "quotes"},
      {"[gateway]\nthreads = 1.5",
       "FILE:2: gateway.threads: found 1.5, expected a whole number from 0 to 256"},
      {"[gateway]\nthreads = true",
       "FILE:2: gateway.threads: found true, expected a whole number from 0 to 256"},
      {"[gateway]\nthreads = [1]",
       "FILE:2: gateway.threads: found a list, expected a whole number from 0 to 256, not a list"},
      {"[gateway]\nlisten = 8080",
       "FILE:2: gateway.listen: found 8080, expected " + any_port + ", in quotes"},
      {"[gateway]\nlisten = 127.0.0.1:80",
       "FILE:2: gateway.listen: found 127.0.0.1:80, expected " + any_port + ", in quotes"},
      {"[gateway]\nlisten = ''",
       "FILE:2: gateway.listen: found an empty value, expected " + any_port},
      {"[gateway]\nlocal_workers = 'no'",
       "FILE:2: gateway.local_workers: found \"no\", expected true or false, without quotes"},
      {"[gateway]\ndrain_timeout = 10",
       "FILE:2: gateway.drain_timeout: found 10, expected a duration from 0s to 10m, written "
       "250ms, 10s, 5m or 1h, "
       "in quotes"},
      {"[http]\nmax_body_bytes = 1.5",
       "FILE:2: http.max_body_bytes: found 1.5, expected a size from 0 to 1GiB, written 16384, "
       "16KiB or 1MiB, in "
       "quotes"},
      {"[http]\nmax_body_bytes = -1",
       "FILE:2: http.max_body_bytes: found -1, expected a size from 0 to 1GiB, written 16384, "
       "16KiB or 1MiB"},
      {"[log]\nlevel = 'loud'",
       "FILE:2: log.level: found \"loud\", expected one of trace, debug, info, warn, error or off"},
      {"[storage]\nurl = 'mysql://u:pw@h'",
       "FILE:2: storage.url: found \"mysql://u:****@h\", expected " + storage_url},
      {"[storage]\nurl = ['postgres://u:pw@h']",
       "FILE:2: storage.url: found a list, expected " + storage_url + ", not a list"},
      {"[storage]\nmigrations = \"a\\u0000b\"",
       R"(FILE:2: storage.migrations: found "a\x00b", expected the path of a folder)"},
      {"[gateway]\nadmin_token = 'hush'",
       "FILE:2: gateway.admin_token: found a text (not shown), expected 16 to 256 of the characters A-Z "
       "a-z 0-9 - . _ ~ + / ="},
      {"[gateway]\nadmin_token = 1234567890123456",
       "FILE:2: gateway.admin_token: found a text (not shown), expected 16 to 256 of the characters A-Z "
       "a-z 0-9 - . _ ~ + / =, in quotes"},
      {"[http]\ntrusted_proxies = ['::1', '10.0.0.1/8']",
       "FILE:2: http.trusted_proxies: found \"10.0.0.1/8\", expected a list of texts, each an address such "
       "as 127.0.0.1 or 2001:db8::1, or a network such as 10.0.0.0/8 with no bits set behind its prefix"},
      {"[worker]\njoin = 'a:1'",
       "FILE:2: worker.join: found \"a:1\", expected a list of texts, each " + real_port},
      {"[worker]\njoin = []",
       "FILE:2: worker.join: found an empty list, expected a list of texts, each " + real_port},
      {"[worker]\njoin = ['a:1', 2]",
       "FILE:2: worker.join: found 2, expected a list of texts, each " + real_port},
      {"[gateway]\ncluster = '10.0.0.1:1'",
       "FILE:2: gateway.cluster: found 10.0.0.1:1, which other machines may reach unencrypted, "
       "expected an address "
       "of this machine only such as 127.0.0.1:4242, or TLS by cluster.certificate and cluster.ca, or "
       "--cluster-insecure if the network is "
       "trusted"},
  });
}

TEST(bad_syntax_in_a_file, is_refused_with_its_line_and_shows_no_value) {
  expect_errors({
      {"[gateway]\nlisten", "FILE:2: found the end of the file, expected '='"},
      {"[gateway\n", "FILE:1: found the end of the line, expected ']'"},
      {"[storage]\nurl = postgres://u:pw@h",
       R"(FILE:2: found a text without quotes, expected a "text", a whole number, true, false or a [list])"},
      {"[storage]\nurl = 'postgres://u:pw@h",
       "FILE:2: found the end of the file, expected a closing '"},
      {std::string("\x7f"
                   "ELF\x02\0\0",
                   7),
       "FILE:1: found the byte 0x7f, expected text in UTF-8"},
  });
}

TEST(bad_file, is_refused_when_it_cannot_be_read) {
  const auto folder = std::filesystem::temp_directory_path().string();
  EXPECT_EQ(error_of({"gateway", "--config", folder}),
            "--config: found \"" + folder + "\" (a folder), expected a readable TOML file");
  EXPECT_EQ(
      error_of({"worker", "--join", "a:1", "--config", "/no/such\nfile"}),
      R"(--config: found "/no/such\x0afile" (No such file or directory), expected a readable TOML file)");
  const temporary_file file("");
  std::filesystem::permissions(file.path(), std::filesystem::perms::none);
  if (geteuid() != 0) // the administrator may read everything
    EXPECT_EQ(error_of({"gateway", "--config", file.path()}),
              "--config: found \"" + file.path()
                  + "\" (Permission denied), expected a readable TOML file");
}

TEST(bad_file, is_refused_when_it_is_larger_than_1_mib) {
  const std::string line = "# 16 characters\n";
  std::string content;
  while (content.size() < 1024 * 1024)
    content += line;
  EXPECT_EQ(error_of_file(content), "no error");
  EXPECT_EQ(error_of_file(content + "\n"),
            "--config: found \"FILE\" (more than 1 MiB), expected a readable TOML file");
}

TEST(bad_file, is_refused_although_a_flag_hides_the_value) {
  const temporary_file file("[gateway]\nthreads = 999\n");
  EXPECT_EQ(error_of({"gateway", "--config", file.path(), "--threads", "1"}),
            file.path() + ":2: gateway.threads: found 999, expected a whole number from 0 to 256");
}

} // namespace
} // namespace troupe::config::test
