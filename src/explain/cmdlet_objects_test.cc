#include "explain/cmdlet_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::explain {
namespace {

using ::testing::ElementsAre;

std::string utf16(std::string_view ascii, bool big_endian, bool mark) {
  std::string out = mark ? (big_endian ? "\xFE\xFF" : "\xFF\xFE") : "";
  for (const char c : ascii) {
    if (big_endian) out += '\0';
    out += c;
    if (!big_endian) out += '\0';
  }
  return out;
}

constexpr std::string_view kTwoConnectors =
    "AuthMechanism          : Tls, Integrated, BasicAuth\n"
    "Fqdn                   : mail.contoso.com\n"
    "TlsCertificateName     : <I>CN=Contoso Issuing CA, O=Contoso, C=US<S>CN=mail.contoso.com,\n"
    "                         O=Contoso, C=US\n"
    "TlsDomainCapabilities  : {mail.protection.outlook.com:AcceptCloudServicesMail}\n"
    "Identity               : EX01\\Default Frontend EX01\n"
    "\n"
    "\n"
    "AuthMechanism          : Tls\n"
    "Fqdn                   : \n"
    "TlsCertificateName     :\n"
    "RemoteIPRanges         : {10.0.0.0-10.255.255.255, 192.168.0.0-192.168.255.255,\n"
    "                         ::1, 2001:db8::1...}\n"
    "Identity               : EX01\\Anonymous Relay\n";

void expect_two_connectors(const ReadObjects& read) {
  ASSERT_EQ(read.objects.size(), 2U);
  const CmdletObject& first = read.objects[0];
  EXPECT_EQ(first.text("tlscertificatename"),
            "<I>CN=Contoso Issuing CA, O=Contoso, C=US<S>CN=mail.contoso.com, O=Contoso, C=US");
  EXPECT_THAT(first.find("TlsDomainCapabilities")->items,
              ElementsAre("mail.protection.outlook.com:AcceptCloudServicesMail"));
  const CmdletObject& second = read.objects[1];
  EXPECT_EQ(second.text("Fqdn"), "");
  EXPECT_EQ(second.text("TlsCertificateName"), "");
  const Property* ranges = second.find("RemoteIPRanges");
  EXPECT_THAT(ranges->items, ElementsAre("10.0.0.0-10.255.255.255", "192.168.0.0-192.168.255.255",
                                         "::1", "2001:db8::1"));
  EXPECT_TRUE(ranges->truncated);
}

TEST(FormatList, WrappedValuesListsAndSeveralObjects) {
  const ReadObjects read = read_objects(kTwoConnectors);
  EXPECT_EQ(read.format, ExportFormat::format_list);
  expect_two_connectors(read);
  EXPECT_EQ(read.objects[0].find("TlsCertificateName")->first_line, 3);
  EXPECT_EQ(read.objects[0].find("TlsCertificateName")->last_line, 4);
  EXPECT_EQ(read.objects[1].first_line, 9);
  EXPECT_EQ(read.objects[1].last_line, 14);
}

TEST(FormatList, TheSameInEveryEncodingOfWindows) {
  for (const bool big_endian : {false, true}) {
    for (const bool mark : {false, true}) {
      const ReadObjects read = read_objects(utf16(kTwoConnectors, big_endian, mark));
      EXPECT_EQ(read.encoding, big_endian ? "UTF-16BE" : "UTF-16LE");
      expect_two_connectors(read);
    }
  }
  expect_two_connectors(read_objects("\xEF\xBB\xBF" + std::string(kTwoConnectors)));
  const ReadObjects latin =
      read_objects("FriendlyName : M\xFCnchen\xAE \x85\nServices     : SMTP\n");
  EXPECT_EQ(latin.encoding, "Windows-1252");
  EXPECT_EQ(latin.objects.at(0).find("FriendlyName")->text, "M\xC3\xBCnchen\xC2\xAE");
  EXPECT_TRUE(latin.objects.at(0).find("FriendlyName")->truncated);
}

TEST(FormatList, CarriageReturnsQuotingAndPromptsOfAPaste) {
  std::string pasted = "> [PS] C:\\>Get-ReceiveConnector | fl *tls*,fqdn\n>\n>\n";
  std::string line;
  for (const char c : kTwoConnectors) {
    line += c;
    if (c != '\n') continue;
    pasted += "> " + line.substr(0, line.size() - 1) + "\r\n";
    line.clear();
  }
  pasted += "> [PS] C:\\>\n";
  const ReadObjects read = read_objects(pasted);
  expect_two_connectors(read);
  EXPECT_EQ(read.objects[0].hint, "Get-ReceiveConnector");
}

TEST(FormatList, ForeignLinesAreNoProperties) {
  const ReadObjects read = read_objects(
      "AVERTISSEMENT : Le certificat expire.\n"
      "WARNING: The command completed successfully.\n"
      "\n"
      "Dear colleague: please look at this.\n"
      "2026-11-21 04:00:00: not this either\n"
      "http://contoso.com\n"
      "\n"
      "Thumbprint : 0123\n"
      "Services   : SMTP\n");
  ASSERT_EQ(read.objects.size(), 1U);
  EXPECT_EQ(read.objects[0].text("Thumbprint"), "0123");
}

TEST(FormatList, ALongWordIsJoinedWithoutABlank) {
  const ReadObjects read = read_objects(
      "Name       : x\n"
      "Thumbprint : 0123456789ABCDEF0123\n"
      "             456789ABCDEF01234567\n"
      "LastError  : 451 4.4.0 Primary target\n"
      "             IP address responded\n");
  ASSERT_EQ(read.objects.size(), 1U);
  EXPECT_EQ(read.objects[0].text("Thumbprint"), "0123456789ABCDEF0123456789ABCDEF01234567");
  EXPECT_EQ(read.objects[0].text("LastError"), "451 4.4.0 Primary target IP address responded");
}

TEST(FormatList, ObjectsWithoutAnEmptyLineBetween_AndDoubleSpacedOnes) {
  EXPECT_EQ(read_objects("Name : a\nFqdn : a.example\nName : b\nFqdn : b.example\n").objects.size(),
            2U);
  const ReadObjects spaced =
      read_objects("Name : a\n\nFqdn : a.example\n\nName : b\n\nFqdn : b.example\n\n");
  ASSERT_EQ(spaced.objects.size(), 2U);
  EXPECT_EQ(spaced.objects[1].text("Fqdn"), "b.example");
}

TEST(Csv, TypeLineQuotedNewlinesAndLostLists) {
  const ReadObjects read = read_objects(
      "#TYPE Microsoft.Exchange.Data.Directory.SystemConfiguration.SendConnector\r\n"
      "\"Name\",\"TlsDomain\",\"Comment\",\"AddressSpaces\"\r\n"
      "\"Outbound to Office 365\",\"mail.protection.outlook.com\",\"first \"\"line\"\"\r\nsecond\","
      "\"System.Object[]\"\r\n"
      "\"Internet\",,\"\",\"smtp:*;1\"\r\n");
  EXPECT_EQ(read.format, ExportFormat::csv);
  ASSERT_EQ(read.objects.size(), 2U);
  EXPECT_EQ(read.objects[0].text("Comment"), "first \"line\"\r\nsecond");
  EXPECT_TRUE(read.objects[0].find("AddressSpaces")->lost);
  EXPECT_EQ(read.objects[1].text("AddressSpaces"), "smtp:*;1");
  EXPECT_EQ(read.objects[0].first_line, 3);
  EXPECT_EQ(read.objects[1].first_line, 5);
  EXPECT_TRUE(read.objects[0].hint.ends_with("SendConnector"));
}

TEST(Csv, SemicolonsOfOtherCultures_AndRowsOfAnotherLength) {
  const ReadObjects read = read_objects("\"Name\";\"Fqdn\"\n\"a\";\"a.example\"\n\"b\"\n");
  ASSERT_EQ(read.objects.size(), 2U);
  EXPECT_EQ(read.objects[0].text("Fqdn"), "a.example");
  ASSERT_EQ(read.remarks.size(), 1U);
  EXPECT_EQ(read.remarks[0].line, 3);
}

constexpr std::string_view kClixml =
    "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n"
    "  <Obj RefId=\"0\">\n"
    "    <TN RefId=\"0\">\n"
    "      <T>Deserialized.Microsoft.Exchange.Management.SystemConfigurationTasks."
    "ExchangeCertificate</T>\n"
    "      <T>Deserialized.System.Object</T>\n"
    "    </TN>\n"
    "    <ToString>[Subject]_x000D__x000A_  CN=mail</ToString>\n"
    "    <Props>\n"
    "      <B N=\"HasPrivateKey\">true</B>\n"
    "      <DT N=\"NotAfter\">2026-12-01T00:00:00+00:00</DT>\n"
    "      <S N=\"Thumbprint\">0123</S>\n"
    "      <Obj N=\"Services\" RefId=\"1\">\n"
    "        <TN RefId=\"1\"><T>Deserialized.AllowedServices</T></TN>\n"
    "        <ToString>IIS, SMTP</ToString><I32>24</I32>\n"
    "      </Obj>\n"
    "      <Obj N=\"CertificateDomains\" RefId=\"2\">\n"
    "        <TN RefId=\"2\"><T>Deserialized.System.Collections.ArrayList</T></TN>\n"
    "        <LST><S>mail.contoso.com</S>\n"
    "        <Obj RefId=\"3\"><ToString>contoso.com</ToString></Obj></LST>\n"
    "      </Obj>\n"
    "      <Nil N=\"FriendlyName\" />\n"
    "    </Props>\n"
    "  </Obj>\n"
    "  <Obj RefId=\"4\"><TNRef RefId=\"0\" /><Props><S N=\"Thumbprint\">4567</S></Props></Obj>\n"
    "</Objs>\n";

TEST(Clixml, ObjectsEnumerationsListsAndReferences) {
  const ReadObjects read = read_objects(kClixml);
  EXPECT_EQ(read.format, ExportFormat::clixml);
  ASSERT_EQ(read.objects.size(), 2U);
  const CmdletObject& first = read.objects[0];
  EXPECT_TRUE(first.hint.ends_with(".ExchangeCertificate"));
  EXPECT_EQ(first.text("HasPrivateKey"), "True");
  EXPECT_EQ(first.text("Services"), "IIS, SMTP");
  EXPECT_THAT(first.find("CertificateDomains")->items,
              ElementsAre("mail.contoso.com", "contoso.com"));
  EXPECT_EQ(first.find("Thumbprint")->first_line, 11);
  EXPECT_EQ(read.objects[1].hint, first.hint);
  EXPECT_EQ(read.objects[1].first_line, 24);
}

TEST(Clixml, BrokenAndHostileXmlEndsWithARemark) {
  const ReadObjects cut = read_objects(kClixml.substr(0, 900));
  EXPECT_FALSE(cut.remarks.empty());
  std::string deep = "<Objs><Obj>";
  for (int i = 0; i < 50'000; ++i) deep += "<LST><Obj>";
  EXPECT_TRUE(read_objects(deep).objects.empty());
  const ReadObjects bomb = read_objects(
      "<!DOCTYPE Objs [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">"
      "<!ENTITY f SYSTEM \"file:///etc/passwd\">]>\n"
      "<Objs><Obj><Props><S N=\"Name\">&b;&f;</S></Props></Obj></Objs>");
  ASSERT_EQ(bomb.objects.size(), 1U);
  EXPECT_EQ(bomb.objects[0].text("Name"), "&b;&f;");
}

TEST(JsonExport, AnArrayOfObjects) {
  const ReadObjects read = read_objects(
      "[\n  {\"Thumbprint\": \"0123\", \"Services\": 24, \"HasPrivateKey\": true,\n"
      "   \"CertificateDomains\": [{\"Domain\": \"mail.contoso.com\"}, \"contoso.com\"],\n"
      "   \"PSParentPath\": null},\n"
      "  {\"Thumbprint\": \"4567\"}\n]\n");
  EXPECT_EQ(read.format, ExportFormat::json);
  ASSERT_EQ(read.objects.size(), 2U);
  EXPECT_THAT(read.objects[0].find("CertificateDomains")->items,
              ElementsAre("mail.contoso.com", "contoso.com"));
  EXPECT_EQ(read.objects[0].text("Services"), "24");
  EXPECT_EQ(read.objects[0].text("HasPrivateKey"), "True");
  EXPECT_EQ(read.objects[1].first_line, 5);
}

TEST(ReadObjects, NothingIsNothing) {
  for (const char* text : {"", "\n\n", "hello", "<html></html>", "[]", "{}", "[PS] C:\\>"}) {
    const ReadObjects read = read_objects(text);
    EXPECT_TRUE(read.objects.empty()) << text;
  }
}

TEST(ReadObjects, BoundsHold) {
  std::string many;
  for (int i = 0; i < 30'000; ++i) many += "Name : a\n";
  EXPECT_EQ(read_objects(many).objects.size(), kMaxExportObjects);
  EXPECT_FALSE(read_objects(many).remarks.empty());
  std::string wide;
  for (int i = 0; i < 3000; ++i) wide += "Name" + std::to_string(i) + " : a\n";
  EXPECT_EQ(read_objects(wide).objects.at(0).properties.size(), kMaxExportProperties);
  EXPECT_FALSE(read_objects(std::string(kMaxExportOctets + 1, ' ')).remarks.empty());
}

}  // namespace
}  // namespace postern::explain
