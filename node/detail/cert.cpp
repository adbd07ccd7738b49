#include "node/detail/cert.hpp"

#include "actors/detail/file_descriptor.hpp"
#include "actors/detail/issue_certificate.hpp"
#include "config/error.hpp"
#include "config/network.hpp"
#include "node/detail/print.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace troupe::detail {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::days life_of_authority{3650};
/// Clocks of machines differ.
constexpr std::chrono::hours begun_before{1};
constexpr mode_t for_everybody = 0644;
constexpr mode_t for_the_owner = 0600;

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

struct pair_of_files {
  fs::path certificate;
  fs::path key;
};

pair_of_files files_of(const std::string& folder, const std::string& name) {
  return {fs::path{folder} / (name + ".pem"), fs::path{folder} / (name + ".key")};
}

std::string in_pem(const auto& write) {
  const bio_ptr out{BIO_new(BIO_s_mem())};
  if (!out || write(out.get()) != 1)
    throw std::runtime_error{"cannot write PEM: " + openssl_problem()};
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

[[noreturn]] void refuse_file(const fs::path& path, int why) {
  throw config::config_error{path.string() + ": cannot be written: " + std::generic_category().message(why)};
}

void require_new(const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(path, ignored))
    throw config::config_error(path.string(), "that file", "none: nothing is written over");
}

/// Another process may have come first: the file is made by this call or not at all.
void write_new(const fs::path& path, const std::string& text, mode_t mode) {
  file_descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!file)
    refuse_file(path, errno);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno != EINTR)
      refuse_file(path, errno);
    rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
}

void write_both(const pair_of_files& to, const certificate_and_key& what) {
  write_new(to.key,
            in_pem([&](BIO* out) {
              return PEM_write_bio_PrivateKey(out, what.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            }),
            for_the_owner);
  try {
    write_new(to.certificate, in_pem([&](BIO* out) { return PEM_write_bio_X509(out, what.certificate.get()); }),
              for_everybody);
  } catch (...) {
    std::error_code ignored;
    fs::remove(to.key, ignored); // a key without its certificate is of no use, and in the way
    throw;
  }
}

bio_ptr open_to_read(const fs::path& path) {
  bio_ptr out{BIO_new_file(path.c_str(), "r")};
  if (!out)
    throw config::config_error(path.string(), openssl_problem(), "the authority that `cert init` makes");
  return out;
}

certificate_and_key authority_in(const pair_of_files& files) {
  const auto certificate = open_to_read(files.certificate);
  const auto key = open_to_read(files.key);
  certificate_and_key out{x509_ptr{PEM_read_bio_X509(certificate.get(), nullptr, no_password, nullptr)},
                          evp_pkey_ptr{PEM_read_bio_PrivateKey(key.get(), nullptr, no_password, nullptr)}};
  if (!out.certificate)
    throw config::config_error(files.certificate.string(), openssl_problem(), "a certificate in PEM");
  if (!out.key || X509_check_private_key(out.certificate.get(), out.key.get()) != 1)
    throw config::config_error(files.key.string(), openssl_problem(),
                               "the key of " + files.certificate.string() + " in PEM");
  return out;
}

std::string names_for(const std::vector<std::string>& hosts) {
  std::string out = "DNS:localhost,IP:127.0.0.1,IP:::1";
  for (const auto& each : hosts)
    out += (config::parse_address(each) ? ",IP:" : ",DNS:") + each;
  return out;
}

} // namespace

int cert_init(const application& app, const config::cert_init_command& what) {
  const auto files = files_of(what.folder, "ca");
  std::error_code failed;
  if (!what.folder.empty())
    fs::create_directories(what.folder, failed);
  if (failed)
    refuse_file(what.folder, failed.value());
  require_new(files.certificate);
  require_new(files.key);
  write_both(files, issue_certificate({"Troupe cluster authority", "", "critical,CA:TRUE,pathlen:0",
                                       "critical,keyCertSign,cRLSign", "", -begun_before, life_of_authority}));
  return print(fmt::format("wrote {}\nwrote {}: keep it secret, who has it can add nodes\nnext: {} cert issue NAME{}\n",
                           files.certificate.string(), files.key.string(), app.name,
                           what.folder.empty() ? "" : " --dir " + what.folder),
               0);
}

int cert_issue(const config::cert_issue_command& what) {
  const auto files = files_of(what.folder, what.name);
  const auto ca = files_of(what.folder, "ca");
  require_new(files.certificate);
  require_new(files.key);
  const auto authority = authority_in(ca);
  write_both(files, issue_certificate({what.name, names_for(what.hosts), "critical,CA:FALSE",
                                       "critical,digitalSignature", "serverAuth,clientAuth", -begun_before,
                                       std::chrono::days{what.days}},
                                      &authority));
  return print(fmt::format("wrote {0}\nwrote {1}\n"
                           "use: --cluster-certificate {0} --cluster-key {1} --cluster-ca {2}\n",
                           files.certificate.string(), files.key.string(), ca.certificate.string()),
               0);
}

} // namespace troupe::detail
