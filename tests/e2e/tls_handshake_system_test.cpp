// Who is let in by the handshake, and with which certificate: as OpenSSL's own client sees it.
#include "tests/e2e/tls_fixture.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"

#include <csignal>

namespace troupe::test {
namespace {

/// What `openssl s_client` says of a handshake with these arguments.
std::string s_client(std::uint16_t port, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(),
                   {"s_client", "-connect", "127.0.0.1:" + std::to_string(port)});
  const auto result = run_to_end({"openssl", std::move(arguments), {}, {}});
  EXPECT_TRUE(result.status) << "openssl hangs";
  return result.out + result.err;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class TlsHandshake : public with_certificates {};

TEST_F(TlsHandshake, OldVersionsAreRefusedAndNewOnesAreNot) {
  const gateway node{https()};
  // The client would speak anything; otherwise it would refuse itself.
  for (const char* old : {"-tls1", "-tls1_1"}) {
    const auto said = s_client(node.http_port(), {old, "-cipher", "ALL:@SECLEVEL=0"});
    EXPECT_TRUE(has(said, "alert protocol version")) << said;
    EXPECT_TRUE(has(said, "Cipher is (NONE)")) << said;
  }
  for (const auto& [flag, version] : {std::pair{"-tls1_2", "TLSv1.2"}, {"-tls1_3", "TLSv1.3"}}) {
    const auto said = s_client(node.http_port(), {flag});
    EXPECT_TRUE(has(said, "New, " + std::string{version} + ", Cipher is ")) << said;
    EXPECT_FALSE(has(said, "Cipher is (NONE)")) << said;
  }
}

TEST_F(TlsHandshake, Version13AloneIsASetting) {
  const gateway node{https({"--tls-min-version", "1.3"})};
  EXPECT_TRUE(has(s_client(node.http_port(), {"-tls1_2"}), "alert protocol version"));
  EXPECT_TRUE(has(s_client(node.http_port(), {"-tls1_3"}), "New, TLSv1.3"));
}

TEST_F(TlsHandshake, WeakCiphersAreRefusedAndStrongOnesAreNot) {
  const auto rsa = authority.issue({"rsa", {"DNS:a.example"}, -1h, 24h, true});
  const gateway with_ecdsa{https()};
  const gateway with_rsa{with_flags({"--tls-certificates", rsa.both})};
  const auto offer = [&](const std::string& cipher) {
    const auto& node = cipher.find("ECDSA") != std::string::npos ? with_ecdsa : with_rsa;
    return s_client(node.http_port(), {"-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"});
  };
  for (const char* weak :
       {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-CCM8",
        "ECDHE-ECDSA-NULL-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384",
        "DHE-RSA-AES128-GCM-SHA256", "AES128-GCM-SHA256", "AES256-SHA", "NULL-SHA256",
        "AECDH-AES128-SHA"}) {
    const auto said = offer(weak);
    EXPECT_TRUE(has(said, "alert handshake failure")) << weak << said;
    EXPECT_TRUE(has(said, "Cipher is (NONE)")) << weak << said;
  }
  for (const char* strong :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"})
    EXPECT_TRUE(has(offer(strong), "Cipher is " + std::string{strong})) << offer(strong);
}

TEST_F(TlsHandshake, TheNameThatIsAskedForPicksTheCertificate) {
  const auto first = authority.issue({"first", {"DNS:a.example"}});
  const auto second = authority.issue({"second", {"DNS:b.example", "DNS:*.c.example"}});
  const gateway node{with_flags(
    {"--tls-certificates", first.both, "--tls-certificates", second.both})};
  const auto title = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-CAfile", authority.file()});
    const auto said = s_client(node.http_port(), std::move(arguments));
    EXPECT_TRUE(has(said, "Verify return code: 0 (ok)")) << said;
    const auto from = said.find("subject=CN");
    return said.substr(from, said.find('\n', from) - from);
  };
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    EXPECT_TRUE(has(title({version, "-servername", "a.example"}), "first"));
    EXPECT_TRUE(has(title({version, "-servername", "b.example"}), "second"));
    EXPECT_TRUE(has(title({version, "-servername", "x.c.example"}), "second"));
    EXPECT_TRUE(has(title({version, "-servername", "x.y.c.example"}), "first"));
    EXPECT_TRUE(has(title({version, "-servername", "nobody.example"}), "first"));
    EXPECT_TRUE(has(title({version, "-noservername"}), "first"));
  }
}

TEST_F(TlsHandshake, OnlyHttp11IsSpoken) {
  const gateway node{https()};
  EXPECT_TRUE(has(s_client(node.http_port(), {"-alpn", "h2,http/1.1"}), "ALPN protocol: http/1.1"));
  EXPECT_TRUE(has(s_client(node.http_port(), {}), "No ALPN negotiated"));
  EXPECT_TRUE(has(s_client(node.http_port(), {"-alpn", "h2"}), "alert no application protocol"));
}

TEST_F(TlsHandshake, ASessionIsResumedOnEveryLoopUntilCertificatesAreReadAgain) {
  gateway node{https({"--threads", "3"})};
  const auto session = (folder.path() / "session.pem").string();
  EXPECT_TRUE(has(s_client(node.http_port(), {"-tls1_2", "-sess_out", session}), "New, TLSv1.2"));
  for (int i = 0; i < 10; ++i) // the kernel picks a loop
    EXPECT_TRUE(has(s_client(node.http_port(), {"-tls1_2", "-sess_in", session}), "Reused, "));
  node.signal(SIGHUP);
  ASSERT_TRUE(node.wait_for_message("SIGHUP: the certificates have been read again.*"));
  EXPECT_TRUE(eventually([&] {
    return has(s_client(node.http_port(), {"-tls1_2", "-sess_in", session}), "New, TLSv1.2");
  }));
}

// -- certificates of clients --------------------------------------------------------------------------

struct client_certificates : public with_certificates {
  certificate_authority others{folder, "others"};
  tls_options known = with_own(authority.issue({"known", {}}).both);
  tls_options unknown = with_own(others.issue({"unknown", {}}).both);
  tls_options expired = with_own(authority.issue({"expired", {}, -48h, -24h}).both);

  [[nodiscard]] tls_options with_own(const std::string& file) const {
    auto out = careful();
    out.certificate = file;
    return out;
  }
  [[nodiscard]] node_options asking(const char* how) const {
    return https({"--tls-client-certificate", how, "--tls-client-ca", authority.file()});
  }
};

class ClientCertificates : public client_certificates {};

TEST_F(ClientCertificates, AreAskedOfEveryClientWhenTheyAreRequired) {
  const gateway node{asking("required")};
  EXPECT_EQ(refusal(node.http_port(), known), "");
  for (const auto& wrong : {careful(), unknown, expired})
    EXPECT_NE(refusal(node.http_port(), wrong), "") << wrong.certificate;
  EXPECT_EQ(refusal(node.http_port(), known), "");
}

TEST_F(ClientCertificates, MayBeMissingButNotWrongWhenTheyAreOptional) {
  const gateway node{asking("optional")};
  EXPECT_EQ(refusal(node.http_port(), known), "");
  EXPECT_EQ(refusal(node.http_port(), careful()), "");
  EXPECT_NE(refusal(node.http_port(), unknown), "");
  EXPECT_NE(refusal(node.http_port(), expired), "");
}

TEST_F(ClientCertificates, AreNotLookedAtWhenNobodyAsks) {
  const gateway node{https()};
  EXPECT_EQ(refusal(node.http_port(), unknown), "");
}

// -- who does not shake hands -------------------------------------------------------------------------

TEST_F(TlsHandshake, AClientThatDoesNotFinishItIsClosedInTime) {
  const gateway node{https({"--http-head-timeout", "200ms"})};
  http_connection silent{node.http_port()};
  EXPECT_TRUE(silent.closed_by_server());
  http_connection half{node.http_port()};
  half.send("\x16\x03\x01"); // the beginning of a greeting
  EXPECT_TRUE(half.closed_by_server());
  auto mute = connect(node); // has shaken hands, and asks for nothing
  EXPECT_TRUE(mute.closed_by_server());
  EXPECT_EQ(refusal(node.http_port(), careful()), "");
}

TEST_F(TlsHandshake, GarbageEndsTheConnectionAndNothingElse) {
  const gateway node{https()};
  auto other = connect(node);
  std::string noise;
  for (unsigned i = 0; i < 5000; ++i)
    noise += static_cast<char>(i * 2654435761U >> 13);
  const std::string greeting{"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03", 11};
  for (const auto& bytes : {noise, greeting + noise, greeting + std::string(300, '\0'),
                            std::string(100'000, '\0')}) {
    http_connection connection{node.http_port()};
    try {
      connection.send(bytes);
    } catch (const connection_error&) { // closed meanwhile
    }
    EXPECT_TRUE(eventually([&] { return !connection.quiet(); }));
  }
  EXPECT_EQ(other.exchange(get_bytes("/")).status, 200);
}

TEST_F(TlsHandshake, PlainHttpIsToldSo) {
  const gateway node{https()};
  http_connection connection{node.http_port()};
  const auto answer = connection.exchange(get_bytes("/"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("HTTPS"), std::string::npos);
  EXPECT_TRUE(connection.closed_by_server());
}

} // namespace
} // namespace troupe::test
