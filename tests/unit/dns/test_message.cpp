#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "dns/codes.hpp"
#include "dns/message.hpp"
#include "hex_bytes.hpp"

using namespace sonde::dns;

BOOST_TEST_DONT_PRINT_LOG_VALUE(Defect)

namespace {

Message parse(std::string_view hex) {
  const auto bytes = hex_bytes(hex);
  auto message = parse_message(bytes, bytes.size());
  BOOST_REQUIRE(message.has_value());
  return *message;
}

// A response with one record of a type and content, after a root question.
Message parse_record(std::string_view type, std::string_view content) {
  auto bytes = hex_bytes("0001 8180 0001 0001 0000 0000  00 0001 0001  00");
  const auto add = [&](const std::vector<std::byte>& part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  };
  const auto rdata = hex_bytes(content);
  add(hex_bytes(type));
  add(hex_bytes("0001 0000003c"));
  bytes.push_back(static_cast<std::byte>(rdata.size() >> 8));
  bytes.push_back(static_cast<std::byte>(rdata.size() & 0xff));
  add(rdata);
  auto message = parse_message(bytes, bytes.size());
  BOOST_REQUIRE(message.has_value());
  return *message;
}

std::string content_of(std::string_view type, std::string_view content) {
  const Message message = parse_record(type, content);
  return message.answers.empty() ? to_string(message.defect) : message.answers.front().content;
}

}  // namespace

// A query as glibc sends it with "options edns0".
BOOST_AUTO_TEST_CASE(query) {
  const Message m = parse(
      "1234 0120 0001 0000 0000 0001  07'example'03'com'00 001c 0001"
      "00 0029 04d0 00 00 8000 0000");
  BOOST_TEST(m.id == 0x1234);
  BOOST_TEST(!m.response);
  BOOST_TEST(m.recursion_desired);
  BOOST_REQUIRE(m.questions.size() == 1u);
  BOOST_TEST(m.questions[0].name == "example.com");
  BOOST_TEST(type_name(m.questions[0].type) == "AAAA");
  BOOST_TEST(class_name(m.questions[0].klass) == "IN");
  BOOST_REQUIRE(m.edns.has_value());
  BOOST_TEST(m.edns->udp_bytes == 1232);
  BOOST_TEST(m.edns->dnssec_ok);
  BOOST_TEST(!m.edns->extended_error.has_value());
  BOOST_TEST(m.defect == Defect::none);
}

// The answers' names point into the question and into one another.
BOOST_AUTO_TEST_CASE(compressed_response) {
  const Message m = parse(
      "beef 8580 0001 0003 0000 0000  03'www'07'example'03'com'00 0001 0001"
      "c00c 0005 0001 0000012c 0006 03'cdn'c010"
      "c02d 0001 0001 0000003c 0004 c0000201"
      "c02d 0001 0001 0000003c 0004 c0000202");
  BOOST_TEST(m.response);
  BOOST_TEST(m.authoritative);
  BOOST_TEST(m.recursion_available);
  BOOST_REQUIRE(m.answers.size() == 3u);
  BOOST_TEST(m.answers[0].name == "www.example.com");
  BOOST_TEST(m.answers[0].content == "cdn.example.com");
  BOOST_TEST(m.answers[0].ttl_seconds == 300u);
  BOOST_TEST(m.answers[1].name == "cdn.example.com");
  BOOST_TEST(m.answers[1].content == "192.0.2.1");
  BOOST_TEST(m.answers[2].content == "192.0.2.2");
  BOOST_TEST(m.defect == Defect::none);
}

// The OPT record has the upper bits of the response code, and an extended error.
BOOST_AUTO_TEST_CASE(extended_rcode) {
  const Message m = parse(
      "0001 8183 0001 0000 0000 0001  01'a'00 0001 0001"
      "00 0029 0200 01 00 0000 000a  000f 0006 0017 'slow'");
  BOOST_TEST(m.rcode == 0x13);
  BOOST_REQUIRE(m.edns.has_value());
  BOOST_REQUIRE(m.edns->extended_error.has_value());
  BOOST_TEST(extended_error(*m.edns->extended_error) == "Network Error");
}

// Contents in the notation of zone files (RFC 1035, 5.1, and the RFCs of the types).
BOOST_AUTO_TEST_CASE(contents) {
  BOOST_TEST(content_of("0001", "7f000001") == "127.0.0.1");
  BOOST_TEST(content_of("001c", "20010db8 00000000 00000000 00000001") == "2001:db8::1");
  BOOST_TEST(content_of("0002", "02'ns'00") == "ns");
  BOOST_TEST(content_of("000c", "04'host'03'lan'00") == "host.lan");
  BOOST_TEST(content_of("000f", "000a 02'mx'00") == "10 mx");
  BOOST_TEST(content_of("0010", "05'v=spf'02'-a'") == "\"v=spf\" \"-a\"");
  BOOST_TEST(content_of("0021", "0001 0002 01bb 03'web'00") == "1 2 443 web");
  BOOST_TEST(
      content_of("0006", "02'ns'00 04'root'00 00000001 00000e10 00000258 00015180 0000003c") ==
      "ns root 1 3600 600 86400 60");
  BOOST_TEST(content_of("0041", "0001 00 0001 0003 02'h2'") == "1 . \\# 7 00010003026832");
  BOOST_TEST(content_of("0101", "00 05'issue''ca.test'") == "0 issue \"ca.test\"");
  BOOST_TEST(content_of("ff01", "0a0b0c") == "\\# 3 0a0b0c");
}

// What would end a field, or write to a terminal, is escaped (RFC 4343, 2.1).
BOOST_AUTO_TEST_CASE(hostile_names) {
  const Message m = parse("0001 0100 0001 0000 0000 0000  04'a.b'5c 031b'[m'01ff00 0001 0001");
  BOOST_REQUIRE(m.questions.size() == 1u);
  BOOST_TEST(m.questions[0].name == "a\\.b\\\\.\\027[m.\\255");
  BOOST_TEST(parse("0001 0100 0001 0000 0000 0000  00 0002 0001").questions[0].name == ".");
}

// A name cannot lead around in circles, or forward.
BOOST_AUTO_TEST_CASE(name_loops) {
  BOOST_TEST(parse("0001 0100 0001 0000 0000 0000  c00c 0001 0001").defect == Defect::name_loop);
  BOOST_TEST(parse("0001 0100 0001 0000 0000 0000  01'a'c00c 0001 0001").defect ==
             Defect::name_loop);
  BOOST_TEST(parse("0001 0100 0001 0000 0000 0000  c010 0001 0001 00").defect == Defect::name_loop);
}

// Labels of other types do not exist any more; 255 bytes are the longest name.
BOOST_AUTO_TEST_CASE(bad_labels) {
  BOOST_TEST(parse("0001 0100 0001 0000 0000 0000  41'a'00 0001 0001").defect ==
             Defect::label_type);
  std::string longest = "0001 0100 0001 0000 0000 0000";
  for (int i = 0; i < 127; ++i)
    longest += "01'x'";
  const Message fits = parse(longest + "00 0001 0001");
  BOOST_TEST(fits.defect == Defect::none);
  BOOST_TEST(fits.questions.at(0).name.size() == 253u);
  BOOST_TEST(parse(longest + "01'x'00 0001 0001").defect == Defect::name_too_long);
}

// Counts and lengths that claim more than was sent.
BOOST_AUTO_TEST_CASE(lies) {
  BOOST_TEST(parse("0001 0100 ffff 0000 0000 0000  01'a'00 0001 0001").defect == Defect::too_short);
  BOOST_TEST(parse("0001 0100 0001 0000 0000 0000  3f'a'00").defect == Defect::too_short);
  BOOST_TEST(parse("0001 8180 0000 0001 0000 0000  00 0001 0001 00000000 ffff 01").defect ==
             Defect::record_length);
  BOOST_TEST(parse("0001 8180 0000 0001 0000 0000  00 0010 0001 00000000 ffff 01'x'").defect ==
             Defect::too_short);
  BOOST_TEST(parse_record("0001", "7f0000").defect == Defect::record_length);
  BOOST_TEST(parse_record("0002", "02'ns'00 ff").defect == Defect::record_length);
  BOOST_TEST(parse_record("0010", "09'short'").defect == Defect::too_short);
  BOOST_TEST(parse_record("0101", "00 05'is'").defect == Defect::too_short);
}

// What was captured of a message is read, and that it goes on is not held against it.
BOOST_AUTO_TEST_CASE(cut) {
  const auto bytes = hex_bytes(
      "beef 8180 0001 0001 0000 0000  03'www'00 0001 0001  c00c 0001 0001 0000003c 0004 c0000201");
  for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
    const auto message = parse_message(std::span(bytes).first(kept), bytes.size());
    BOOST_TEST(message.has_value() == (kept >= kHeaderBytes));
    if (!message) continue;
    BOOST_TEST(message->defect == Defect::cut);
    BOOST_TEST(message->questions.size() == (kept >= 21u ? 1u : 0u));
  }
}

// As many as are read, and no more memory than that.
BOOST_AUTO_TEST_CASE(too_many) {
  std::string many = "0001 8180 0000 0041 0000 0000";
  for (int i = 0; i < 65; ++i)
    many += "00 0001 0001 00000000 0004 00000000";
  const Message m = parse(many);
  BOOST_TEST(m.answers.size() == 64u);
  BOOST_TEST(m.answer_count == 65);
  BOOST_TEST(m.defect == Defect::too_many);
}

// Numbers without a name keep their number.
BOOST_AUTO_TEST_CASE(names_of_codes) {
  BOOST_TEST(rcode_name(3) == "NXDOMAIN");
  BOOST_TEST(rcode_name(2) == "SERVFAIL");
  BOOST_TEST(rcode_name(16) == "BADVERS");
  BOOST_TEST(rcode_name(12) == "RCODE12");
  BOOST_TEST(type_name(65) == "HTTPS");
  BOOST_TEST(type_name(65280) == "TYPE65280");
  BOOST_TEST(class_name(7) == "CLASS7");
  BOOST_TEST(opcode_name(0) == "QUERY");
  BOOST_TEST(opcode_name(3) == "OPCODE3");
  BOOST_TEST(rcode_meaning(0).empty());
  BOOST_TEST(!rcode_meaning(5).empty());
}
