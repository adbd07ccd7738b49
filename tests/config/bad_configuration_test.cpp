// What is wrong on the command line or in the environment, and the one line that says so.
#include "tests/config/parsing.hpp"

#include <gtest/gtest.h>

namespace troupe::config::test {
namespace {

const std::string a_network =
    "an address such as 127.0.0.1 or 2001:db8::1, or a network such as 10.0.0.0/8 with no bits set "
    "behind its prefix";
const std::string hidden =
    ": found a text (not shown), expected 16 to 256 of the characters A-Z a-z 0-9 - . _ ~ + / =";

struct bad_case {
  texts arguments;
  texts environment;
  std::string error;
};

void expect_errors(const std::vector<bad_case>& cases) {
  for (const auto& [arguments, environment, error] : cases) {
    EXPECT_EQ(error_of(arguments, environment), error);
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(bad_command_line, is_refused_in_one_line) {
  expect_errors({
      {{}, {}, "command line: found no command, expected gateway, worker, routes, nodes, actors, drain, migrate or cert"},
      {{""}, {}, "an empty value: unknown command, expected gateway, worker, routes, nodes, actors, drain, migrate or cert"},
      {{"gatewy"}, {}, "\"gatewy\": unknown command, did you mean gateway?"},
      {{"serve"}, {}, "\"serve\": unknown command, expected gateway, worker, routes, nodes, actors, drain, migrate or cert"},
      {{"--verbose"},
       {},
       "--verbose: unknown flag, expected a command: gateway, worker, routes, nodes, actors, drain, migrate or cert"},
      {{"--threads", "4", "gateway"},
       {},
       "--threads: found it before the command, expected it after gateway or worker"},
      {{"gateway", "worker"},
       {},
       "gateway: found \"worker\", expected only flags, which start with --"},
      {{"gateway", "postgres://u:pw@h/db"},
       {},
       "gateway: found \"postgres://u:****@h/db\", expected only flags, which start with --"},
      {{"gateway", "--thread", "4"},
       {},
       "--thread: unknown flag of gateway, did you mean --threads?"},
      {{"gateway", "--storag=postgres://u:pw@h"},
       {},
       "--storag: unknown flag of gateway, did you mean --storage?"},
      {{"gateway", "--frobnicate"},
       {},
       "--frobnicate: unknown flag of gateway, expected one that demo gateway --help lists"},
      {{"gateway", "-p"},
       {},
       "-p: unknown flag of gateway, expected one that demo gateway --help lists"},
      {{"gateway", "--x\ny"},
       {},
       R"(--x\x0ay: unknown flag of gateway, expected one that demo gateway --help lists)"},
      {{"gateway", "--join", "a:1"}, {}, "--join: unknown flag of gateway, it belongs to worker"},
      {{"worker", "--listen", "a:1"},
       {},
       "--listen: unknown flag of worker, it belongs to gateway"},
      {{"routes", "--threads", "1"},
       {},
       "--threads: unknown flag of routes, it belongs to gateway or worker"},
      {{"gateway", "--listen"}, {}, "--listen: found no value, expected " + any_port},
      {{"gateway", "--listen", "--threads", "4"},
       {},
       "--listen: found no value, expected " + any_port},
      {{"gateway", "--listen=", "--threads", "4"},
       {},
       "--listen: found an empty value, expected " + any_port},
      {{"gateway", "--config"}, {}, "--config: found no value, expected the path of a TOML file"},
      {{"gateway", "--threads", "4", "--threads=5"},
       {},
       "--threads: found it 2 times, expected it once"},
      {{"gateway", "--cluster-insecure", "--cluster-insecure"},
       {},
       "--cluster-insecure: found it 2 times, expected it once"},
      {{"gateway", "--check-config", "--check-config"},
       {},
       "--check-config: found it 2 times, expected it once"},
      {{"gateway", "--check-config=x"}, {}, "--check-config: found \"x\", expected no value"},
      {{"gateway", "--config", "a", "--config", "b"},
       {},
       "--config: found it 2 times, expected it once"},
  });
}

TEST(bad_value_of_a_flag, is_refused_in_one_line) {
  expect_errors({
      {{"gateway", "--listen", ""}, {}, "--listen: found an empty value, expected " + any_port},
      {{"gateway", "--listen", "8080"}, {}, "--listen: found \"8080\", expected " + any_port},
      {{"gateway", "--listen", "h:65536"}, {}, "--listen: found \"h:65536\", expected " + any_port},
      {{"gateway", "--listen", "::1:80"}, {}, "--listen: found \"::1:80\", expected " + any_port},
      {{"gateway", "--admin", "h:80\n"}, {}, R"(--admin: found "h:80\x0a", expected )" + any_port},
      {{"gateway", "--threads", "257"},
       {},
       "--threads: found \"257\", expected a whole number from 0 to 256"},
      {{"gateway", "--threads", "-1"},
       {},
       "--threads: found \"-1\", expected a whole number from 0 to 256"},
      {{"gateway", "--threads", "two"},
       {},
       "--threads: found \"two\", expected a whole number from 0 to 256"},
      {{"gateway", "--threads", "4294967297"},
       {},
       "--threads: found \"4294967297\", expected a whole number from 0 to 256"},
      {{"gateway", "--drain-timeout", "10"},
       {},
       "--drain-timeout: found \"10\", expected a duration from 0s to 10m, written 250ms, 10s, 5m "
       "or 1h"},
      {{"gateway", "--http-idle-timeout", "9ms"},
       {},
       "--http-idle-timeout: found \"9ms\", expected a duration from 10ms to 1h, written 250ms, "
       "10s, 5m or 1h"},
      {{"gateway", "--http-max-body-bytes", "1MB"},
       {},
       "--http-max-body-bytes: found \"1MB\", expected a size from 0 to 1GiB, written 16384, 16KiB "
       "or 1MiB"},
      {{"gateway", "--http-max-body-bytes", "2GiB"},
       {},
       "--http-max-body-bytes: found \"2GiB\", expected a size from 0 to 1GiB, written 16384, "
       "16KiB or 1MiB"},
      {{"gateway", "--log-level", "INFO"},
       {},
       "--log-level: found \"INFO\", expected one of trace, debug, info, warn, error or off"},
      {{"gateway", "--log-format", "xml"},
       {},
       "--log-format: found \"xml\", expected one of auto, text or json"},
      {{"gateway", "--trace-sample", "1.5"},
       {},
       "--trace-sample: found \"1.5\", expected a number from 0 to 1 such as 0.01"},
      {{"gateway", "--trace-sample", "nan"},
       {},
       "--trace-sample: found \"nan\", expected a number from 0 to 1 such as 0.01"},
      {{"gateway", "--trace-accept", "all"},
       {},
       "--trace-accept: found \"all\", expected one of none, trusted or any"},
      {{"gateway", "--trace-export", "https://collector:4318"},
       {},
       "--trace-export: found \"https://collector:4318\", expected none, the path of a file, or "
       "http://HOST:PORT of an OTLP receiver"},
      {{"gateway", "--trace-export", "http://collector"},
       {},
       "--trace-export: found \"http://collector\", expected none, the path of a file, or "
       "http://HOST:PORT of an OTLP receiver"},
      {{"gateway", "--access-log", "yes"},
       {},
       "--access-log: found \"yes\", expected true or false"},
      {{"gateway", "--no-local-workers=maybe"},
       {},
       "--no-local-workers: found \"maybe\", expected true or false"},
      {{"gateway", "--storage", "mysql://u:pw@h/db"},
       {},
       "--storage: found \"mysql://u:****@h/db\", expected " + storage_url},
      {{"gateway", "--storage", "hush"},
       {},
       "--storage: found a text without a known scheme (not shown), expected " + storage_url},
      {{"gateway", "--storage", "sqlite:"},
       {},
       "--storage: found \"sqlite:\", expected " + storage_url},
      {{"gateway", "--storage", "postgres://"},
       {},
       "--storage: found \"postgres://\", expected " + storage_url},
      {{"worker", "--join", "a:1", "--name", "a b"},
       {},
       "--name: found \"a b\", expected 1 to 64 of the characters A-Z a-z 0-9 . _ -"},
      {{"worker", "--join", "a:1", "--name", std::string(65, 'a')},
       {},
       "--name: found \"" + std::string(65, 'a')
           + "\", expected 1 to 64 of the characters A-Z a-z 0-9 . _ -"},
      {{"gateway", "--admin-token", "hush"}, {}, "--admin-token" + hidden},
      {{"gateway", "--admin-token=hush hush hush hush"}, {}, "--admin-token" + hidden},
      {{"gateway"}, {"TROUPE_ADMIN_TOKEN=hush"}, "TROUPE_ADMIN_TOKEN" + hidden},
      {{"gateway", "--http-trusted-proxies", "10.0.0.1/8"},
       {},
       "--http-trusted-proxies: found \"10.0.0.1/8\", expected " + a_network},
      {{"gateway"},
       {"TROUPE_HTTP_TRUSTED_PROXIES=127.0.0.1,proxy.example"},
       "TROUPE_HTTP_TRUSTED_PROXIES: found \"proxy.example\", expected " + a_network
           + ", with commas between them"},
      {{"gateway", "--http-proxy-protocol", "v3"},
       {},
       "--http-proxy-protocol: found \"v3\", expected one of off, v1, v2 or on"},
      {{"worker", "--join", "a:0"}, {}, "--join: found \"a:0\", expected " + real_port},
      {{"worker", "--join", "a:1,b:2"}, {}, "--join: found \"a:1,b:2\", expected " + real_port},
  });
}

TEST(bad_variable, is_refused_in_one_line) {
  expect_errors({
      {{"gateway"},
       {"TROUPE_LISTN=a:1"},
       "TROUPE_LISTN: unknown variable, did you mean TROUPE_LISTEN?"},
      {{"gateway"},
       {"TROUPE_NO_LOCAL_WORKERS=1"},
       "TROUPE_NO_LOCAL_WORKERS: unknown variable, did you mean TROUPE_LOCAL_WORKERS?"},
      {{"gateway"},
       {"TROUPE_FROBNICATE=1"},
       "TROUPE_FROBNICATE: unknown variable, expected one that --help names; unset it or choose "
       "another prefix"},
      {{"gateway"},
       {"TROUPE_THREADS=many"},
       "TROUPE_THREADS: found \"many\", expected a whole number from 0 to 256"},
      {{"gateway", "--threads", "1"},
       {"TROUPE_THREADS="},
       "TROUPE_THREADS: found an empty value, expected a whole number from 0 to 256"},
      {{"gateway"},
       {"TROUPE_CLUSTER_INSECURE=1"},
       "TROUPE_CLUSTER_INSECURE: found \"1\", expected true or false"},
      {{"gateway"},
       {"TROUPE_STORAGE=pg://u:pw@h"},
       "TROUPE_STORAGE: found \"pg://u:****@h\", expected " + storage_url},
      {{"gateway"},
       {"TROUPE_NAME=a b"},
       "TROUPE_NAME: found \"a b\", expected 1 to 64 of the characters A-Z a-z 0-9 . _ -"},
      {{"worker"},
       {"TROUPE_JOIN=a:1,,b:2"},
       "TROUPE_JOIN: found an empty value, expected " + real_port + ", with commas between them"},
      {{"gateway"},
       {"TROUPE_CONFIG="},
       "TROUPE_CONFIG: found an empty value, expected a readable TOML file"},
      {{"gateway"},
       {"TROUPE_CONFIG=/no/such"},
       "TROUPE_CONFIG: found \"/no/such\" (No such file or directory), expected a readable TOML "
       "file"},
  });
}

TEST(bad_combination, is_refused_in_one_line) {
  const std::string private_address =
      ", which other machines may reach unencrypted, expected an address of this machine only such "
      "as "
      "127.0.0.1:4242, or TLS by cluster.certificate and cluster.ca, or --cluster-insecure if the "
      "network is trusted";
  const std::string private_join =
      ", perhaps on another machine, without encryption, expected an address of this machine such as 127.0.0.1:4242, "
      "or TLS by cluster.certificate and cluster.ca, or --cluster-insecure if the network is trusted";
  const std::string without_certificate =
      " without cluster.certificate, expected the node's certificate in cluster.certificate as well, or none of them";
  expect_errors({
      {{"gateway", "--cluster", "0.0.0.0:4242"},
       {},
       "--cluster: found 0.0.0.0:4242" + private_address},
      {{"gateway"},
       {"TROUPE_CLUSTER=gw.example.org:1"},
       "TROUPE_CLUSTER: found gw.example.org:1" + private_address},
      {{"gateway", "--cluster", "[::]:0"}, {}, "--cluster: found [::]:0" + private_address},
      {{"gateway", "--admin", "0.0.0.0:8081"},
       {},
       "--admin: found 0.0.0.0:8081, which other machines may reach, and no token, expected a token in "
       "TROUPE_ADMIN_TOKEN, or an address of this machine only such as 127.0.0.1:8081"},
      {{"gateway", "--peers", "gw2:4242"},
       {},
       "--peers: found gw2:4242" + private_join},
      {{"gateway", "--peers", "127.0.0.1:4243", "--cluster", "0.0.0.0:4242", "--cluster-insecure"},
       {},
       "--peers: found it with the cluster address 0.0.0.0:4242, expected the address by which other nodes reach this "
       "gateway in gateway.advertise as well"},
      {{"worker", "--join", "127.0.0.1:1", "--admin", "0.0.0.0:8082"},
       {},
       "--admin: found 0.0.0.0:8082, which other machines may reach, and no token, expected a token in "
       "TROUPE_ADMIN_TOKEN, or an address of this machine only such as 127.0.0.1:8081"},
      {{"gateway", "--http-proxy-protocol", "v1"},
       {},
       "--http-proxy-protocol: found v1 without a trusted proxy, expected the addresses of the proxies "
       "in http.trusted_proxies, or off"},
      {{"gateway", "--tls-self-signed", "--tls-certificates", "a.pem"},
       {},
       "--tls-self-signed: found true beside tls.certificates, expected one of the two"},
      {{"gateway", "--tls-certificates", "a.pem", "--tls-certificates", "b.pem", "--tls-keys", "a.key"},
       {},
       "--tls-keys: found 1 of them for 2 of tls.certificates, expected one for each in the same "
       "order, or none where they are in those files"},
      {{"gateway", "--tls-keys", "a.key"},
       {},
       "--tls-keys: found 1 of them for 0 of tls.certificates, expected one for each in the same "
       "order, or none where they are in those files"},
      {{"gateway", "--tls-redirect-from", "127.0.0.1:8000"},
       {},
       "--tls-redirect-from: found it without TLS, expected tls.certificates or --tls-self-signed as "
       "well"},
      {{"gateway"},
       {"TROUPE_TLS_HSTS_MAX_AGE=1h"},
       "TROUPE_TLS_HSTS_MAX_AGE: found it without TLS, expected tls.certificates or "
       "--tls-self-signed as well"},
      {{"gateway", "--tls-client-ca", "ca.pem"},
       {},
       "--tls-client-ca: found it without TLS, expected tls.certificates or --tls-self-signed as "
       "well"},
      {{"gateway", "--tls-client-certificate", "optional"},
       {},
       "--tls-client-certificate: found it without TLS, expected tls.certificates or "
       "--tls-self-signed as well"},
      {{"gateway", "--tls-self-signed", "--tls-client-certificate", "required"},
       {},
       "--tls-client-certificate: found required without an authority, expected the file of the "
       "authorities in tls.client_ca, or off"},
      {{"gateway", "--tls-self-signed", "--tls-client-ca", "ca.pem"},
       {},
       "--tls-client-ca: found it although nobody is asked, expected tls.client_certificate to be "
       "optional or required"},
      {{"gateway", "--tls-self-signed", "--tls-hsts-max-age", "1500ms"},
       {},
       "--tls-hsts-max-age: found 1500ms, expected whole seconds"},
      {{"gateway", "--tls-min-version", "1.1"},
       {},
       "--tls-min-version: found \"1.1\", expected one of 1.2 or 1.3"},
      {{"gateway", "--tls-self-signed", "--tls-redirect-from", "127.0.0.1:8080"},
       {},
       "--tls-redirect-from: found 127.0.0.1:8080, expected an address that gateway.listen "
       "(127.0.0.1:8080) does not use"},
      {{"gateway", "--listen", "127.0.0.1:4242"},
       {},
       "gateway.cluster: found 127.0.0.1:4242, expected an address that --listen (127.0.0.1:4242) "
       "does not use"},
      {{"gateway", "--admin", "localhost:8080"},
       {},
       "--admin: found localhost:8080, expected an address that gateway.listen (127.0.0.1:8080) "
       "does not use"},
      {{"gateway", "--listen", "0.0.0.0:8081"},
       {},
       "gateway.admin: found 127.0.0.1:8081, expected an address that --listen (0.0.0.0:8081) does "
       "not use"},
      {{"gateway", "--storage", "sqlite::memory:"},
       {},
       "--storage: found sqlite::memory:, expected a database in a file such as sqlite:troupe.db"},
      {{"gateway", "--storage", "sqlite://:memory:", "--storage-max-connections", "1"},
       {},
       "--storage: found sqlite://:memory:, expected a database in a file such as "
       "sqlite:troupe.db"},
      {{"gateway", "--storage", "postgres://u:sec@ret@h:1/x?a=b@c"},
       {},
       "--storage: found postgres://u:****@h:1/x?a=b@c, expected each @ of user and password written "
       "as %40"},
      {{"worker"},
       {},
       "--join: found no gateway to join, expected at least one HOST:PORT, by --join, TROUPE_JOIN "
       "or the key "
       "worker.join"},
      {{"worker", "--join", "a:1", "--join", "a:1"},
       {},
       "--join: found a:1 twice, expected each gateway once"},
      {{"gateway", "--cluster-certificate", "a.pem"},
       {},
       "--cluster-certificate: found it without cluster.ca, expected the authorities of the other nodes in "
       "cluster.ca as well"},
      {{"gateway", "--cluster-ca", "ca.pem"}, {}, "--cluster-ca: found it" + without_certificate},
      {{"gateway", "--cluster-key", "a.key"}, {}, "--cluster-key: found it" + without_certificate},
      {{"worker", "--join", "[::1]:1", "--cluster-key", "a.key"},
       {"TROUPE_CLUSTER_CA=ca.pem"},
       "TROUPE_CLUSTER_CA: found it" + without_certificate},
      {{"worker", "--join", "127.0.0.1:1", "--join", "10.0.0.1:1"}, {}, "--join: found 10.0.0.1:1" + private_join},
      {{"worker"}, {"TROUPE_JOIN=loopback.example:1"}, "TROUPE_JOIN: found loopback.example:1" + private_join},
  });
}

TEST(good_combination, is_accepted) {
  EXPECT_EQ(error_of({"gateway", "--cluster", "0.0.0.0:4242", "--cluster-insecure"}), "no error");
  EXPECT_EQ(error_of({"gateway", "--cluster", "[::1]:4242"}), "no error");
  const texts tls{"--cluster-certificate", "a.pem", "--cluster-ca", "ca.pem"};
  texts open_gateway{"gateway", "--cluster", "0.0.0.0:4242"};
  texts far_worker{"worker", "--join", "gw.example:4242"};
  open_gateway.insert(open_gateway.end(), tls.begin(), tls.end());
  far_worker.insert(far_worker.end(), tls.begin(), tls.end());
  EXPECT_EQ(error_of(open_gateway), "no error");
  EXPECT_EQ(error_of(far_worker), "no error");
  EXPECT_EQ(error_of({"worker", "--join", "gw.example:1", "--cluster-insecure"}), "no error");
  EXPECT_EQ(error_of({"worker", "--join", "localhost:1", "--join", "127.9.9.9:1", "--join", "[::1]:1"}), "no error");
  EXPECT_EQ(error_of({"gateway", "--admin", "0.0.0.0:8081"},
                     {"TROUPE_ADMIN_TOKEN=0123456789abcdef"}),
            "no error");
  EXPECT_EQ(error_of({"gateway", "--admin", "[::1]:8081"}), "no error");
  EXPECT_EQ(error_of({"gateway", "--http-proxy-protocol", "v2", "--http-trusted-proxies",
                      "10.0.0.0/8", "--http-trusted-proxies", "::1"}),
            "no error");
  EXPECT_EQ(error_of({"gateway", "--listen", "127.0.0.1:0", "--cluster", "127.0.0.1:0", "--admin",
                      "127.0.0.1:0"}),
            "no error");
  EXPECT_EQ(error_of({"gateway", "--listen", "127.0.0.2:4242"}), "no error");
  EXPECT_EQ(error_of({"gateway", "--storage", "postgres://u:p@h/x?user=a@b"}), "no error");
  EXPECT_EQ(error_of({"gateway", "--storage", "sqlite:a@b@c.db"}), "no error");
}

} // namespace
} // namespace troupe::config::test
