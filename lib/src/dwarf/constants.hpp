// The numbers of DWARF 5, section 7, and of GNU's extensions, that are read.
#pragma once

#include <cstdint>

namespace sonde::dwarf {

namespace unit_type {  // 7.5.1
inline constexpr std::uint8_t kCompile = 0x01;
inline constexpr std::uint8_t kType = 0x02;
inline constexpr std::uint8_t kSkeleton = 0x04;
inline constexpr std::uint8_t kSplitCompile = 0x05;
inline constexpr std::uint8_t kSplitType = 0x06;
}  // namespace unit_type

namespace tag {  // 7.5.3
inline constexpr std::uint64_t kClassType = 0x02;
inline constexpr std::uint64_t kEnumerationType = 0x04;
inline constexpr std::uint64_t kStructureType = 0x13;
inline constexpr std::uint64_t kUnionType = 0x17;
inline constexpr std::uint64_t kInlinedSubroutine = 0x1d;
inline constexpr std::uint64_t kSubprogram = 0x2e;
inline constexpr std::uint64_t kNamespace = 0x39;
}  // namespace tag

namespace attribute {  // 7.5.4
inline constexpr std::uint64_t kName = 0x03;
inline constexpr std::uint64_t kStmtList = 0x10;
inline constexpr std::uint64_t kLowPc = 0x11;
inline constexpr std::uint64_t kHighPc = 0x12;
inline constexpr std::uint64_t kCompDir = 0x1b;
inline constexpr std::uint64_t kAbstractOrigin = 0x31;
inline constexpr std::uint64_t kSpecification = 0x47;
inline constexpr std::uint64_t kRanges = 0x55;
inline constexpr std::uint64_t kCallFile = 0x58;
inline constexpr std::uint64_t kCallLine = 0x59;
inline constexpr std::uint64_t kLinkageName = 0x6e;
inline constexpr std::uint64_t kStrOffsetsBase = 0x72;
inline constexpr std::uint64_t kAddrBase = 0x73;
inline constexpr std::uint64_t kRnglistsBase = 0x74;
inline constexpr std::uint64_t kDwoName = 0x76;
inline constexpr std::uint64_t kMipsLinkageName = 0x2007;
inline constexpr std::uint64_t kGnuDwoName = 0x2130;
inline constexpr std::uint64_t kGnuAddrBase = 0x2133;
}  // namespace attribute

namespace form {  // 7.5.6
inline constexpr std::uint64_t kAddr = 0x01;
inline constexpr std::uint64_t kBlock2 = 0x03;
inline constexpr std::uint64_t kBlock4 = 0x04;
inline constexpr std::uint64_t kData2 = 0x05;
inline constexpr std::uint64_t kData4 = 0x06;
inline constexpr std::uint64_t kData8 = 0x07;
inline constexpr std::uint64_t kString = 0x08;
inline constexpr std::uint64_t kBlock = 0x09;
inline constexpr std::uint64_t kBlock1 = 0x0a;
inline constexpr std::uint64_t kData1 = 0x0b;
inline constexpr std::uint64_t kFlag = 0x0c;
inline constexpr std::uint64_t kSdata = 0x0d;
inline constexpr std::uint64_t kStrp = 0x0e;
inline constexpr std::uint64_t kUdata = 0x0f;
inline constexpr std::uint64_t kRefAddr = 0x10;
inline constexpr std::uint64_t kRef1 = 0x11;
inline constexpr std::uint64_t kRef2 = 0x12;
inline constexpr std::uint64_t kRef4 = 0x13;
inline constexpr std::uint64_t kRef8 = 0x14;
inline constexpr std::uint64_t kRefUdata = 0x15;
inline constexpr std::uint64_t kIndirect = 0x16;
inline constexpr std::uint64_t kSecOffset = 0x17;
inline constexpr std::uint64_t kExprloc = 0x18;
inline constexpr std::uint64_t kFlagPresent = 0x19;
inline constexpr std::uint64_t kStrx = 0x1a;
inline constexpr std::uint64_t kAddrx = 0x1b;
inline constexpr std::uint64_t kRefSup4 = 0x1c;
inline constexpr std::uint64_t kStrpSup = 0x1d;
inline constexpr std::uint64_t kData16 = 0x1e;
inline constexpr std::uint64_t kLineStrp = 0x1f;
inline constexpr std::uint64_t kRefSig8 = 0x20;
inline constexpr std::uint64_t kImplicitConst = 0x21;
inline constexpr std::uint64_t kLoclistx = 0x22;
inline constexpr std::uint64_t kRnglistx = 0x23;
inline constexpr std::uint64_t kRefSup8 = 0x24;
inline constexpr std::uint64_t kStrx1 = 0x25;
inline constexpr std::uint64_t kStrx2 = 0x26;
inline constexpr std::uint64_t kStrx3 = 0x27;
inline constexpr std::uint64_t kStrx4 = 0x28;
inline constexpr std::uint64_t kAddrx1 = 0x29;
inline constexpr std::uint64_t kAddrx2 = 0x2a;
inline constexpr std::uint64_t kAddrx3 = 0x2b;
inline constexpr std::uint64_t kAddrx4 = 0x2c;
inline constexpr std::uint64_t kGnuAddrIndex = 0x1f01;
inline constexpr std::uint64_t kGnuStrIndex = 0x1f02;
inline constexpr std::uint64_t kGnuRefAlt = 0x1f20;
inline constexpr std::uint64_t kGnuStrpAlt = 0x1f21;
}  // namespace form

namespace range_entry {  // 7.25
inline constexpr std::uint8_t kEndOfList = 0x00;
inline constexpr std::uint8_t kBaseAddressx = 0x01;
inline constexpr std::uint8_t kStartxEndx = 0x02;
inline constexpr std::uint8_t kStartxLength = 0x03;
inline constexpr std::uint8_t kOffsetPair = 0x04;
inline constexpr std::uint8_t kBaseAddress = 0x05;
inline constexpr std::uint8_t kStartEnd = 0x06;
inline constexpr std::uint8_t kStartLength = 0x07;
}  // namespace range_entry

namespace line_content {  // 7.22
inline constexpr std::uint64_t kPath = 0x1;
inline constexpr std::uint64_t kDirectoryIndex = 0x2;
}  // namespace line_content

namespace line_opcode {  // 7.22, standard and extended
inline constexpr std::uint8_t kExtended = 0x00;
inline constexpr std::uint8_t kCopy = 0x01;
inline constexpr std::uint8_t kAdvancePc = 0x02;
inline constexpr std::uint8_t kAdvanceLine = 0x03;
inline constexpr std::uint8_t kSetFile = 0x04;
inline constexpr std::uint8_t kConstAddPc = 0x08;
inline constexpr std::uint8_t kFixedAdvancePc = 0x09;
inline constexpr std::uint8_t kEndSequence = 0x01;
inline constexpr std::uint8_t kSetAddress = 0x02;
}  // namespace line_opcode

}  // namespace sonde::dwarf
