// Bytes of packets, as fixtures are written down.
#pragma once

#include <cctype>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <vector>

/// Hexadecimal, spaces ignored; 'text' stands for its characters: "07'example'00".
inline std::vector<std::byte> hex_bytes(std::string_view text) {
  const auto digit = [](char c) {
    const std::size_t value = std::string_view("0123456789abcdef").find(c);
    if (value == std::string_view::npos) throw std::invalid_argument("no hexadecimal digit");
    return static_cast<unsigned>(value);
  };
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::isspace(static_cast<unsigned char>(text[i])) != 0) continue;
    if (text[i] == '\'') {
      for (++i; text.at(i) != '\''; ++i)
        bytes.push_back(static_cast<std::byte>(text[i]));
    } else {
      const unsigned high = digit(text[i]);
      bytes.push_back(static_cast<std::byte>(high << 4 | digit(text.at(++i))));
    }
  }
  return bytes;
}
