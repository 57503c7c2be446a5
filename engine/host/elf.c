#include "config.h"

#include "host/elf.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#define ENTRY_NAME "weir_plugin"
#define BUILD_ID_BYTES_MAX 32u

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#define MACHINE_NAME "AArch64"
#elif defined(__riscv)
#define MACHINE EM_RISCV
#define MACHINE_NAME "RISC-V"
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#define MACHINE_NAME "PowerPC64"
#elif defined(__s390x__)
#define MACHINE EM_S390
#define MACHINE_NAME "S/390"
#elif defined(__arm__)
#define MACHINE EM_ARM
#define MACHINE_NAME "ARM"
#elif defined(__i386__)
#define MACHINE EM_386
#define MACHINE_NAME "x86"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_HERE ELFDATA2LSB
#else
#define BYTE_ORDER_HERE ELFDATA2MSB
#endif

#define CLASS_HERE (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)

struct image {
	struct wr_bytes file;
	ElfW(Ehdr) header;
};

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {{EM_X86_64, "x86-64"}, {EM_AARCH64, "AArch64"},    {EM_386, "x86"},
		     {EM_ARM, "ARM"},       {EM_RISCV, "RISC-V"},       {EM_PPC64, "PowerPC64"},
		     {EM_S390, "S/390"},    {EM_LOONGARCH, "LoongArch"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].machine == machine)
			return names[i].name;
	}
	return "another kind";
}

static bool fits(const struct image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->file.size && size <= image->file.size - offset;
}

/* Copies out, because nothing in the file need be aligned. */
static bool read_at(const struct image *image, uint64_t offset, void *to, size_t size)
{
	if (!fits(image, offset, size))
		return false;
	memcpy(to, (const char *)image->file.data + offset, size);
	return true;
}

static enum wr_code cut_short(struct wr_err *err)
{
	return wr_err_set(
	    err, WR_EINVAL,
	    "the file is cut short: it ends before what its ELF header announces; copy or "
	    "build it again");
}

static enum wr_code read_header(struct image *image, struct wr_err *err)
{
	const unsigned char *ident = image->file.data;
	uint16_t machine;

	if (image->file.size < SELFMAG || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return wr_err_set(
		    err, WR_EINVAL,
		    "the file is no ELF shared object (it does not begin with \\x7fELF); a "
		    "plugin is built with -shared");
	if (image->file.size < EI_NIDENT + 4)
		return cut_short(err);
	memcpy(&machine, ident + EI_NIDENT + 2, sizeof(machine));
	if (ident[EI_CLASS] != CLASS_HERE || ident[EI_DATA] != BYTE_ORDER_HERE ||
	    machine != MACHINE)
		return wr_err_set(
		    err, WR_EINVAL,
		    "the file is built for another machine (%s, %s-bit) and this one is " MACHINE_NAME
		    ", %d-bit; build it for this machine",
		    ident[EI_DATA] == BYTE_ORDER_HERE ? machine_name(machine) : "other byte order",
		    ident[EI_CLASS] == ELFCLASS64 ? "64" : "32", (int)sizeof(void *) * 8);
	if (!read_at(image, 0, &image->header, sizeof(image->header)))
		return cut_short(err);
	if (image->header.e_type != ET_DYN)
		return wr_err_set(
		    err, WR_EINVAL,
		    "the file is %s, not a shared object; a plugin is linked with -shared",
		    image->header.e_type == ET_REL ? "an object file" : "an ELF program");
	return WR_OK;
}

static bool program_header(const struct image *image, unsigned i, ElfW(Phdr) * header_r)
{
	const ElfW(Ehdr) *h = &image->header;

	return h->e_phentsize >= sizeof(*header_r) &&
	       read_at(image, h->e_phoff + (uint64_t)i * h->e_phentsize, header_r,
		       sizeof(*header_r));
}

static bool section_header(const struct image *image, unsigned i, ElfW(Shdr) * header_r)
{
	const ElfW(Ehdr) *h = &image->header;

	return h->e_shentsize >= sizeof(*header_r) &&
	       read_at(image, h->e_shoff + (uint64_t)i * h->e_shentsize, header_r,
		       sizeof(*header_r));
}

/* Every segment and every section lies in the file: otherwise mapping it would fail late or fault. */
static enum wr_code check_extent(const struct image *image, struct wr_err *err)
{
	for (unsigned i = 0; i < image->header.e_phnum; i++) {
		ElfW(Phdr) segment;

		if (!program_header(image, i, &segment) ||
		    !fits(image, segment.p_offset, segment.p_filesz))
			return cut_short(err);
	}
	for (unsigned i = 0; i < image->header.e_shnum; i++) {
		ElfW(Shdr) section;

		if (!section_header(image, i, &section) ||
		    (section.sh_type != SHT_NOBITS &&
		     !fits(image, section.sh_offset, section.sh_size)))
			return cut_short(err);
	}
	return WR_OK;
}

/* The name of a symbol as far as it fits `name`; false when it lies outside its table. */
static bool symbol_name(const struct image *image, const ElfW(Shdr) * names, uint32_t offset,
			char *name, size_t name_size)
{
	const char *start = (const char *)image->file.data + names->sh_offset + offset;
	size_t size;

	if (offset >= names->sh_size)
		return false;
	size = strnlen(start, names->sh_size - offset);
	if (size >= name_size)
		size = name_size - 1;
	memcpy(name, start, size);
	name[size] = '\0';
	return true;
}

static void note_symbol(const struct image *image, const ElfW(Shdr) * names,
			const ElfW(Sym) * symbol, struct wr_elf *elf)
{
	unsigned bind = symbol->st_info >> 4, type = symbol->st_info & 0xf;
	char name[sizeof(elf->unique_name)];

	if (symbol->st_shndx == SHN_UNDEF ||
	    !symbol_name(image, names, symbol->st_name, name, sizeof(name)))
		return;
	if (bind == STB_GNU_UNIQUE && elf->unique_count++ == 0)
		memcpy(elf->unique_name, name, sizeof(name));
	if (strcmp(name, ENTRY_NAME) != 0)
		return;
	elf->has_entry = true;
	elf->entry_is_data = type != STT_FUNC && type != STT_GNU_IFUNC;
	elf->entry_size = symbol->st_size;
}

static void read_symbols(const struct image *image, const ElfW(Shdr) * table, struct wr_elf *elf)
{
	ElfW(Shdr) names;
	ElfW(Sym) symbol;

	if (table->sh_link >= image->header.e_shnum ||
	    !section_header(image, table->sh_link, &names) || names.sh_type != SHT_STRTAB)
		return;
	elf->has_symbols = true;
	for (uint64_t at = 0; at + sizeof(symbol) <= table->sh_size; at += sizeof(symbol)) {
		if (read_at(image, table->sh_offset + at, &symbol, sizeof(symbol)))
			note_symbol(image, &names, &symbol, elf);
	}
}

static void read_build_id(const struct image *image, const ElfW(Phdr) * notes, struct wr_elf *elf)
{
	ElfW(Nhdr) note;
	uint64_t at = notes->p_offset, end = notes->p_offset + notes->p_filesz;

	while (at + sizeof(note) <= end && read_at(image, at, &note, sizeof(note))) {
		uint64_t description = at + sizeof(note) + ((note.n_namesz + 3u) & ~UINT64_C(3));
		unsigned char id[BUILD_ID_BYTES_MAX];

		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    note.n_descsz <= sizeof(id) && read_at(image, description, id, note.n_descsz)) {
			for (unsigned i = 0; i < note.n_descsz; i++)
				snprintf(elf->build_id + (size_t)i * 2, 3, "%02x", id[i]);
			return;
		}
		at = description + ((note.n_descsz + UINT64_C(3)) & ~UINT64_C(3));
	}
}

enum wr_code wr_elf_inspect(struct wr_bytes file, struct wr_elf *elf_r, struct wr_err *err)
{
	struct image image = {.file = file};
	enum wr_code rc;

	memset(elf_r, 0, sizeof(*elf_r));
	rc = read_header(&image, err);
	if (rc == WR_OK)
		rc = check_extent(&image, err);
	if (rc != WR_OK)
		return rc;
	for (unsigned i = 0; i < image.header.e_shnum; i++) {
		ElfW(Shdr) section;

		if (section_header(&image, i, &section) && section.sh_type == SHT_DYNSYM)
			read_symbols(&image, &section, elf_r);
	}
	for (unsigned i = 0; i < image.header.e_phnum; i++) {
		ElfW(Phdr) segment;

		if (program_header(&image, i, &segment) && segment.p_type == PT_NOTE)
			read_build_id(&image, &segment, elf_r);
	}
	return WR_OK;
}
