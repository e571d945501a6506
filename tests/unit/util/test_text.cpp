#include <boost/test/unit_test.hpp>

#include <iconv.h>

#include <array>
#include <string>

#include "util/text.hpp"

namespace {

namespace text = sonde::text;

// glibc's decoder, as a second opinion.
class Iconv {
 public:
  bool accepts(std::string bytes) const {
    char* in = bytes.data();
    std::size_t in_left = bytes.size();
    std::array<char, 64> buffer{};
    char* out = buffer.data();
    std::size_t out_left = buffer.size();
    ::iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    return ::iconv(handle_, &in, &in_left, &out, &out_left) != static_cast<std::size_t>(-1);
  }
  ~Iconv() { ::iconv_close(handle_); }

 private:
  iconv_t handle_ = ::iconv_open("UTF-32LE", "UTF-8");
};

constexpr const char* kReplacement = "\xEF\xBF\xBD";

}  // namespace

// repair_utf8 leaves a text alone exactly when glibc accepts it: every lead byte with continuation
// bytes at the limits of table 3-7 (overlong forms, surrogates and what lies above U+10FFFF
// included), in lengths 1 to 4.
BOOST_AUTO_TEST_CASE(repair_agrees_with_iconv) {
  constexpr std::array<int, 9> kLimits = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0};
  const Iconv iconv;
  std::size_t valid = 0;
  std::size_t disagreements = 0;
  const auto check = [&](const std::string& bytes) {
    const bool accepted = iconv.accepts(bytes);
    valid += accepted ? 1 : 0;
    if (accepted != (text::repair_utf8(bytes) == bytes)) ++disagreements;
  };
  for (int lead = 0; lead < 256; ++lead) {
    const std::string one(1, static_cast<char>(lead));
    check(one);
    for (const int second : kLimits) {
      const std::string two = one + static_cast<char>(second);
      check(two);
      for (const int third : kLimits) {
        const std::string three = two + static_cast<char>(third);
        check(three);
        for (const int fourth : kLimits)
          check(three + static_cast<char>(fourth));
      }
    }
  }
  BOOST_TEST(disagreements == 0u);
  BOOST_TEST(valid > 1000u);
}

// Each ill-formed byte becomes one U+FFFD; what is around it stays.
BOOST_AUTO_TEST_CASE(repair_replaces_byte_by_byte) {
  const std::string r = kReplacement;
  BOOST_TEST(text::repair_utf8("a\xFF"
                               "b") == "a" + r + "b");
  BOOST_TEST(text::repair_utf8("\xC0\xAF") == r + r);          // overlong "/"
  BOOST_TEST(text::repair_utf8("\xED\xA0\x80") == r + r + r);  // the surrogate U+D800
  BOOST_TEST(text::repair_utf8("x\xE2\x82") == "x" + r + r);   // cut in the middle of U+20AC
  BOOST_TEST(text::repair_utf8("\xE2\x82\xAC") == "\xE2\x82\xAC");
  BOOST_TEST(text::repair_utf8(std::string_view("\0a", 2)) == std::string("\0a", 2));
}

// Nothing that moves a cursor, ends a line or turns the direction of writing gets through.
BOOST_AUTO_TEST_CASE(printable_has_no_controls) {
  BOOST_TEST(text::printable("\x1b[31mred\x07\r\n\t") == "?[31mred????");
  BOOST_TEST(text::printable("\x7f") == "?");
  BOOST_TEST(text::printable("\xC2\x9B") == "?");      // U+009B, the one-byte escape of C1
  BOOST_TEST(text::printable("\xE2\x80\xAE") == "?");  // U+202E right-to-left override
  BOOST_TEST(text::printable("\xE2\x80\xA8") == "?");  // U+2028 line separator
  BOOST_TEST(text::printable("na\xC3\xAFve\xFF") == std::string("na\xC3\xAFve") + kReplacement);
}

// Columns as a terminal advances: wide characters two, combining marks none.
BOOST_AUTO_TEST_CASE(width_is_in_columns) {
  BOOST_TEST(text::display_width("") == 0u);
  BOOST_TEST(text::display_width("abc") == 3u);
  BOOST_TEST(text::display_width("na\xC3\xAFve") == 5u);
  BOOST_TEST(text::display_width("\xE6\x97\xA5\xE6\x9C\xAC") == 4u);  // two Han characters
  BOOST_TEST(text::display_width("e\xCC\x81") == 1u);         // e and a combining acute accent
  BOOST_TEST(text::display_width("\xF0\x9F\x94\xA5") == 2u);  // U+1F525, an emoji
}

// A cut text ends in an ellipsis, fits, and is never cut inside a character.
BOOST_AUTO_TEST_CASE(fit_cuts_between_characters) {
  BOOST_TEST(text::fit("abcdef", 6) == "abcdef");
  BOOST_TEST(text::fit("abcdef", 5) == "abcd\xE2\x80\xA6");
  BOOST_TEST(text::fit("abcdef", 1) == "\xE2\x80\xA6");
  BOOST_TEST(text::fit("abcdef", 0) == "");
  const std::string han = "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E";  // six columns
  BOOST_TEST(text::fit(han, 5) == "\xE6\x97\xA5\xE6\x9C\xAC\xE2\x80\xA6");
  BOOST_TEST(text::fit(han, 4) == "\xE6\x97\xA5\xE2\x80\xA6");  // half a character does not fit
}

// Lower case, with leading zeros.
BOOST_AUTO_TEST_CASE(hex_has_two_digits_a_byte) {
  BOOST_TEST(text::to_hex(std::string_view("\x00\x0f\xA5\xff", 4)) == "000fa5ff");
  BOOST_TEST(text::to_hex("") == "");
}
