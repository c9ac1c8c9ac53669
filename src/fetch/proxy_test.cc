#include "fetch/proxy.h"

#include <map>

#include <gtest/gtest.h>

namespace postern::fetch {
namespace {

std::string chosen(const std::string& url, const std::map<std::string, std::string>& variables,
                   const std::string& configured = {}) {
  const auto environment = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
  return proxy_for(parse_url(url).value(), configured, environment);
}

TEST(Proxy, TheConfigurationStandsAboveTheEnvironment) {
  EXPECT_EQ(chosen("http://a.example/", {{"http_proxy", "http://e:1"}}, "http://c:2"),
            "http://c:2");
  EXPECT_EQ(chosen("http://a.example/", {{"http_proxy", "http://e:1"}}, "none"), "");
  EXPECT_EQ(chosen("http://a.example/", {}), "");
}

TEST(Proxy, TheEnvironmentSaysItByScheme) {
  EXPECT_EQ(chosen("http://a.example/", {{"http_proxy", "p1"}, {"https_proxy", "p2"}}), "p1");
  EXPECT_EQ(chosen("https://a.example/", {{"http_proxy", "p1"}, {"https_proxy", "p2"}}), "p2");
  EXPECT_EQ(chosen("https://a.example/", {{"HTTPS_PROXY", "p3"}}), "p3");
  EXPECT_EQ(chosen("http://a.example/", {{"all_proxy", "p4"}}), "p4");
  EXPECT_EQ(chosen("http://a.example/", {{"HTTP_PROXY", "p5"}}), "") << "a CGI's client can set it";
}

TEST(Proxy, NoProxyExemptsHostsDomainsAndNetworks) {
  for (const char* list :
       {"a.ca.example", "ca.example", ".ca.example", "x.y, ca.example", "*", "x.y ca.example"}) {
    EXPECT_EQ(chosen("http://a.ca.example/", {{"http_proxy", "p"}, {"no_proxy", list}}), "")
        << list;
  }
  for (const char* list : {"b.ca.example", "a.example", "", ",", "xca.example"}) {
    EXPECT_EQ(chosen("http://a.ca.example/", {{"http_proxy", "p"}, {"NO_PROXY", list}}), "p")
        << list;
  }
  EXPECT_EQ(chosen("http://10.1.2.3/", {{"http_proxy", "p"}, {"no_proxy", "10.0.0.0/8"}}), "");
}

}  // namespace
}  // namespace postern::fetch
