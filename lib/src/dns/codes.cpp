#include "dns/codes.hpp"

#include <fmt/format.h>

#include <iterator>

namespace sonde::dns {
namespace {

struct Code {
  std::uint16_t number;
  std::string_view name;
};

constexpr Code kTypes[] = {
    {1, "A"},       {2, "NS"},        {3, "MD"},          {4, "MF"},          {5, "CNAME"},
    {6, "SOA"},     {7, "MB"},        {8, "MG"},          {9, "MR"},          {10, "NULL"},
    {11, "WKS"},    {12, "PTR"},      {13, "HINFO"},      {14, "MINFO"},      {15, "MX"},
    {16, "TXT"},    {17, "RP"},       {18, "AFSDB"},      {19, "X25"},        {20, "ISDN"},
    {21, "RT"},     {22, "NSAP"},     {23, "NSAP-PTR"},   {24, "SIG"},        {25, "KEY"},
    {26, "PX"},     {27, "GPOS"},     {28, "AAAA"},       {29, "LOC"},        {30, "NXT"},
    {33, "SRV"},    {35, "NAPTR"},    {36, "KX"},         {37, "CERT"},       {38, "A6"},
    {39, "DNAME"},  {40, "SINK"},     {41, "OPT"},        {42, "APL"},        {43, "DS"},
    {44, "SSHFP"},  {45, "IPSECKEY"}, {46, "RRSIG"},      {47, "NSEC"},       {48, "DNSKEY"},
    {49, "DHCID"},  {50, "NSEC3"},    {51, "NSEC3PARAM"}, {52, "TLSA"},       {53, "SMIMEA"},
    {55, "HIP"},    {59, "CDS"},      {60, "CDNSKEY"},    {61, "OPENPGPKEY"}, {62, "CSYNC"},
    {63, "ZONEMD"}, {64, "SVCB"},     {65, "HTTPS"},      {99, "SPF"},        {104, "NID"},
    {105, "L32"},   {106, "L64"},     {107, "LP"},        {108, "EUI48"},     {109, "EUI64"},
    {249, "TKEY"},  {250, "TSIG"},    {251, "IXFR"},      {252, "AXFR"},      {253, "MAILB"},
    {254, "MAILA"}, {255, "ANY"},     {256, "URI"},       {257, "CAA"},       {258, "AVC"},
    {32768, "TA"},  {32769, "DLV"},
};

constexpr Code kClasses[] = {{1, "IN"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"}};

constexpr Code kOpcodes[] = {{0, "QUERY"},  {1, "IQUERY"}, {2, "STATUS"},
                             {4, "NOTIFY"}, {5, "UPDATE"}, {6, "DSO"}};

struct Rcode {
  std::uint16_t number;
  std::string_view name;
  std::string_view meaning;
};

constexpr Rcode kRcodes[] = {
    {0, "NOERROR", ""},
    {1, "FORMERR", "the server could not read the query"},
    {2, "SERVFAIL", "the server failed to find an answer"},
    {3, "NXDOMAIN", "the name does not exist"},
    {4, "NOTIMP", "the server does not do this kind of query"},
    {5, "REFUSED", "the server refuses to answer this client"},
    {6, "YXDOMAIN", "the name exists and must not"},
    {7, "YXRRSET", "the records exist and must not"},
    {8, "NXRRSET", "the records do not exist and must"},
    {9, "NOTAUTH", "the server is not responsible for the zone, or the key is not authorized"},
    {10, "NOTZONE", "the name is not in the zone"},
    {11, "DSOTYPENI", "the server does not know this kind of stateful operation"},
    {16, "BADVERS", "the server does not know this version of EDNS"},
    {17, "BADKEY", "the key is not known"},
    {18, "BADTIME", "the signature is out of its time"},
    {19, "BADMODE", "the mode of the key is not known"},
    {20, "BADNAME", "the name of the key exists"},
    {21, "BADALG", "the algorithm is not supported"},
    {22, "BADTRUNC", "the signature is cut too short"},
    {23, "BADCOOKIE", "the cookie is wrong or missing"},
};

constexpr Code kExtendedErrors[] = {
    {0, "Other"},
    {1, "Unsupported DNSKEY Algorithm"},
    {2, "Unsupported DS Digest Type"},
    {3, "Stale Answer"},
    {4, "Forged Answer"},
    {5, "DNSSEC Indeterminate"},
    {6, "DNSSEC Bogus"},
    {7, "Signature Expired"},
    {8, "Signature Not Yet Valid"},
    {9, "DNSKEY Missing"},
    {10, "RRSIGs Missing"},
    {11, "No Zone Key Bit Set"},
    {12, "NSEC Missing"},
    {13, "Cached Error"},
    {14, "Not Ready"},
    {15, "Blocked"},
    {16, "Censored"},
    {17, "Filtered"},
    {18, "Prohibited"},
    {19, "Stale NXDOMAIN Answer"},
    {20, "Not Authoritative"},
    {21, "Not Supported"},
    {22, "No Reachable Authority"},
    {23, "Network Error"},
    {24, "Invalid Data"},
    {25, "Signature Expired before Valid"},
    {26, "Too Early"},
    {27, "Unsupported NSEC3 Iterations Value"},
    {28, "Unable to conform to policy"},
    {29, "Synthesized"},
};

template <class Entry, std::size_t N>
const Entry* find(const Entry (&codes)[N], std::uint16_t number) noexcept {
  for (const Entry& code : codes) {
    if (code.number == number) return &code;
  }
  return nullptr;
}

template <class Entry, std::size_t N>
std::string name_or_number(const Entry (&codes)[N], std::uint16_t number, std::string_view prefix) {
  const Entry* const code = find(codes, number);
  return code != nullptr ? std::string(code->name) : fmt::format("{}{}", prefix, number);
}

}  // namespace

std::string type_name(std::uint16_t type) {
  return name_or_number(kTypes, type, "TYPE");
}

std::string class_name(std::uint16_t value) {
  return name_or_number(kClasses, value, "CLASS");
}

std::string rcode_name(std::uint16_t rcode) {
  return name_or_number(kRcodes, rcode, "RCODE");
}

std::string_view rcode_meaning(std::uint16_t rcode) noexcept {
  const Rcode* const code = find(kRcodes, rcode);
  return code != nullptr ? code->meaning : std::string_view();
}

std::string opcode_name(std::uint8_t opcode) {
  return name_or_number(kOpcodes, opcode, "OPCODE");
}

std::string_view extended_error(std::uint16_t code) noexcept {
  const Code* const error = find(kExtendedErrors, code);
  return error != nullptr ? error->name : std::string_view();
}

}  // namespace sonde::dns
