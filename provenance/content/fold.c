/* norm-2 and counts of many texts in one pass; provenance/norms.py has the rule, folding.py the call.

   Every byte below 128 is looked up in `ascii`, where 0 means that it is dropped. General punctuation (U+2000 to
   U+203F) and the no-break space are dropped as well: most English text holds nothing else beyond ASCII. For all other
   code points, and for references of HTML, the tables are asked; where they were not handed over, the pass ends before
   the text that needs them.
*/

#include <stdint.h>
#include <string.h>

enum {
    STRIDE = 8,
    RUN = 256,
    LONGEST = 64,     /* bytes that stand for one code point, at most */
    OTHERS = 0x370,   /* from here on letters are no longer Latin, to speak roughly */
    AMPERSAND = '&',
    DIGITS = 7,       /* of a numeric reference, at most; of a hexadecimal one, one less */
    NAME = 32
};

/* What stands for a code point: nothing, itself, the parts of a syllable of Hangul, an ASCII character, or a text:
   its place and its length. */
enum { DROPPED = 0, ITSELF = 1, SYLLABLE = 2, TEXTS = 128, LENGTH_BITS = 6 };
#define TORN 0x80000000u /* another text may stand for it */

enum { FIRST_SYLLABLE = 0xAC00, LEADS = 0x1100, VOWELS = 0x1161, TAILS = 0x11A7, VOWEL_COUNT = 21, TAIL_COUNT = 28 };

/* Grows with every change of what is exported: a library of before is not called. */
const int32_t prov_fold_form = 2;

typedef struct {
    const uint8_t *ascii;       /* uint8[256] */
    const uint32_t *codes;      /* uint32[0x110000], or null where no tables were handed over */
    const uint8_t *texts;       /* what stands for code points */
    const uint32_t *torn;       /* uint32[torn_count][2]: code points, and what stands for them in Latin text */
    int64_t torn_count;
    const uint8_t *names;       /* names of references, sorted, end to end */
    const int32_t *name_ends;   /* int32[name_count] */
    const uint8_t *named;       /* what they stand for, end to end */
    const int32_t *named_ends;  /* int32[name_count] */
    int64_t name_count;
} fold_tables;

typedef struct {
    uint8_t *at;    /* where the next byte goes */
    uint8_t *limit; /* the end of the room */
} room;

enum outcome { DONE, NO_TABLES, NO_ROOM };

static int is_ascii(const uint8_t *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, STRIDE);
    return (bytes & 0x8080808080808080u) == 0;
}

static int is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26;
}

static int is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

/* Reads the code point that begins with a byte above 127; returns where the next one begins. */
static const uint8_t *read_code(const uint8_t *at, const uint8_t *end, uint32_t *code)
{
    uint8_t byte = *at;
    int more = byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    *code = 0; /* which is dropped, as what is no UTF-8 */
    if (more == 0 || end - at <= more)
        return at + 1;
    uint32_t found = byte & (0x3F >> more);
    for (int place = 1; place <= more; place++)
        found = found << 6 | (at[place] & 0x3F);
    if (found < 0x110000)
        *code = found;
    return at + more + 1;
}

static uint8_t *write_code(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (uint8_t)code;
        return to;
    }
    static const uint8_t leads[] = {0, 0xC0, 0xE0, 0xF0};
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    *to++ = (uint8_t)(leads[more] | code >> (6 * more));
    while (more--)
        *to++ = 0x80 | (code >> (6 * more) & 0x3F);
    return to;
}

static uint8_t *write_syllable(uint8_t *to, uint32_t code)
{
    uint32_t place = code - FIRST_SYLLABLE;
    to = write_code(to, LEADS + place / (VOWEL_COUNT * TAIL_COUNT));
    to = write_code(to, VOWELS + place / TAIL_COUNT % VOWEL_COUNT);
    return place % TAIL_COUNT ? write_code(to, TAILS + place % TAIL_COUNT) : to;
}

static uint32_t in_latin(const fold_tables *tables, uint32_t code, uint32_t stands)
{
    for (int64_t place = 0; place < tables->torn_count; place++)
        if (tables->torn[2 * place] == code)
            return tables->torn[2 * place + 1];
    return stands;
}

/* Appends what stands for one code point, whose bytes end at `next`. */
static uint8_t *write_folded(uint8_t *to, const fold_tables *tables, uint32_t code, uint32_t stands,
                             const uint8_t *from, const uint8_t *next)
{
    if (stands >= TEXTS) {
        uint32_t length = stands & ((1u << LENGTH_BITS) - 1);
        memcpy(to, tables->texts + (stands >> LENGTH_BITS), length);
        return to + length;
    }
    if (stands == SYLLABLE)
        return write_syllable(to, code);
    if (stands == ITSELF) {
        while (from < next)
            *to++ = *from++;
        return to;
    }
    *to = (uint8_t)stands;
    return to + (stands != DROPPED);
}

/* Appends the folded text to the room. `torn` is set where the text holds what depends on its script. */
static enum outcome fold_text(const uint8_t *at, const uint8_t *end, const fold_tables *tables,
                              int latin, room *folded, int *torn)
{
    const uint8_t *ascii = tables->ascii;
    uint8_t *to = folded->at;
    while (at < end) {
        for (; end - at >= STRIDE && is_ascii(at); at += STRIDE) {
            for (int place = 0; place < STRIDE; place++) {
                *to = ascii[at[place]];
                to += *to != 0;
            }
        }
        for (; at < end && *at < 0x80; at++) {
            *to = ascii[*at];
            to += *to != 0;
        }
        if (at == end)
            break;
        if (*at == 0xE2 && end - at >= 3 && at[1] == 0x80) {
            at += 3;
            continue;
        }
        if (*at == 0xC2 && end - at >= 2 && at[1] == 0xA0) {
            at += 2;
            continue;
        }
        if (tables->codes == NULL)
            return NO_TABLES;
        if (folded->limit - to < end - at + 2 * LONGEST)
            return NO_ROOM;
        uint32_t code;
        const uint8_t *next = read_code(at, end, &code);
        uint32_t stands = tables->codes[code];
        if (stands & TORN) {
            *torn = 1;
            stands &= ~TORN;
            if (latin)
                stands = in_latin(tables, code, stands);
        }
        to = write_folded(to, tables, code, stands, at, next);
        at = next;
    }
    folded->at = to;
    return DONE;
}

/* Whether a text has more letters of ASCII than of scripts that are not Latin. */
static int is_latin(const uint8_t *at, const uint8_t *end, const fold_tables *tables)
{
    int64_t letters = 0, others = 0;
    while (at < end) {
        if (*at < 0x80) {
            letters += is_letter(*at++);
            continue;
        }
        uint32_t code;
        at = read_code(at, end, &code);
        others += code >= OTHERS && tables->codes[code] != DROPPED;
    }
    return letters > others;
}

/* The number of a reference that stands behind its ampersand; -1 where there is none. `next` is what follows it. */
static int64_t read_number(const uint8_t *at, const uint8_t *end, const uint8_t **next)
{
    int hexadecimal = end - at > 1 && (at[1] | 0x20) == 'x';
    at += 1 + hexadecimal;
    int64_t number = 0;
    int digits = 0;
    for (; at < end && digits <= DIGITS; at++, digits++) {
        if (is_digit(*at))
            number = number * (hexadecimal ? 16 : 10) + *at - '0';
        else if (hexadecimal && (uint8_t)((*at | 0x20) - 'a') < 6)
            number = number * 16 + (*at | 0x20) - 'a' + 10;
        else
            break;
    }
    if (digits == 0 || digits > DIGITS - hexadecimal || at == end || *at != ';')
        return -1;
    *next = at + 1;
    return number;
}

/* Length of a name that ends with a semicolon; 0 where there is none. */
static int64_t read_name(const uint8_t *at, const uint8_t *end)
{
    int64_t length = 0;
    while (length < end - at && length <= NAME &&
           (is_letter(at[length]) || (length && is_digit(at[length]))))
        length++;
    return length > 1 && length <= NAME && length < end - at && at[length] == ';' ? length : 0;
}

static int64_t find_name(const fold_tables *tables, const uint8_t *name, int64_t length)
{
    int64_t low = 0, high = tables->name_count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        int64_t start = middle ? tables->name_ends[middle - 1] : 0;
        int64_t size = tables->name_ends[middle] - start;
        int order = memcmp(tables->names + start, name, (size_t)(size < length ? size : length));
        if (order == 0 && size == length)
            return middle;
        if (order < 0 || (order == 0 && size < length))
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* Decodes what stands behind an ampersand, which may have been escaped many times; returns what follows. */
static const uint8_t *decode(const uint8_t *at, const uint8_t *end, const fold_tables *tables, uint8_t **to)
{
    for (;;) {
        const uint8_t *next = at;
        if (at < end && *at == '#') {
            int64_t number = read_number(at, end, &next);
            if (number == AMPERSAND) {
                at = next;
                continue;
            }
            if (number < 0)
                break;
            if (number > 0 && number < 0x110000 && (number < 0xD800 || number >= 0xE000))
                *to = write_code(*to, (uint32_t)number);
            return next;
        }
        int64_t length = read_name(at, end);
        if (length == 0)
            break;
        if (length == 3 && (memcmp(at, "amp", 3) == 0 || memcmp(at, "AMP", 3) == 0)) {
            at += 4;
            continue;
        }
        int64_t place = find_name(tables, at, length);
        if (place < 0)
            break;
        int64_t start = place ? tables->named_ends[place - 1] : 0;
        int64_t size = tables->named_ends[place] - start;
        memcpy(*to, tables->named + start, (size_t)size);
        *to += size;
        return at + length + 1;
    }
    *(*to)++ = AMPERSAND;
    return at;
}

static uint8_t *decode_all(const uint8_t *at, const uint8_t *end, const fold_tables *tables, uint8_t *to)
{
    while (at < end) {
        const uint8_t *found = memchr(at, AMPERSAND, (size_t)(end - at));
        const uint8_t *stop = found ? found : end;
        memmove(to, at, (size_t)(stop - at));
        to += stop - at;
        at = found ? decode(found + 1, end, tables, &to) : end;
    }
    return to;
}

/* Where the tag ends that begins here; null where none does. */
static const uint8_t *tag_end(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *first = at + 1 < end && at[1] == '/' ? at + 2 : at + 1;
    if (first >= end || !(is_letter(*first) || (first == at + 1 && (*first == '!' || *first == '?'))))
        return NULL;
    for (at = first + 1; at < end && *at != '<' && *at != '>'; at++)
        ;
    return at < end && *at == '>' ? at + 1 : NULL;
}

static uint8_t *strip_tags(uint8_t *at, const uint8_t *end, uint8_t *to)
{
    while (at < end) {
        uint8_t *found = memchr(at, '<', (size_t)(end - at));
        const uint8_t *stop = found ? found : end;
        memmove(to, at, (size_t)(stop - at));
        to += stop - at;
        if (found == NULL)
            break;
        const uint8_t *after = tag_end(found, end);
        if (after == NULL)
            *to++ = '<';
        at = after ? (uint8_t *)after : found + 1;
    }
    return to;
}

/* Every code point has one byte that does not go on with another's. */
static int64_t chars_in(const uint8_t *text, int64_t size)
{
    int64_t chars = 0;
    for (int64_t place = 0; place < size;) {
        int64_t stop = size - place > RUN ? place + RUN : size;
        uint32_t begun = 0; /* of so few bytes that compilers count many at once */
        for (; place < stop; place++)
            begun += (uint8_t)((text[place] & 0xC0) != 0x80);
        chars += begun;
    }
    return chars;
}

/* A word begins where a byte above the space follows one that is not, or nothing. */
static int64_t words_in(const uint8_t *text, int64_t size)
{
    int64_t words = size > 0 && text[0] > ' ';
    for (int64_t place = 1; place < size;) {
        int64_t stop = size - place > RUN ? place + RUN : size;
        uint32_t begun = 0;
        for (; place < stop; place++)
            begun += (uint8_t)((text[place] > ' ') & (text[place - 1] <= ' '));
        words += begun;
    }
    return words;
}

/* Folds a text of which it is known that there is room for at least its own bytes. */
static enum outcome fold_one(const uint8_t *at, const uint8_t *end, const fold_tables *tables,
                             uint8_t *scratch, room *folded)
{
    size_t size = (size_t)(end - at);
    int referred = size && memchr(at, AMPERSAND, size) != NULL;
    if (referred || (size && memchr(at, '<', size) != NULL)) {
        if (referred && tables->codes == NULL)
            return NO_TABLES;
        uint8_t *stop = decode_all(at, end, tables, scratch);
        at = scratch;
        end = strip_tags(scratch, stop, scratch);
    }
    uint8_t *start = folded->at;
    int torn = 0;
    enum outcome outcome = fold_text(at, end, tables, 0, folded, &torn);
    if (outcome == DONE && torn && is_latin(at, end, tables)) {
        folded->at = start;
        outcome = fold_text(at, end, tables, 1, folded, &torn);
    }
    return outcome;
}

/* data, places   the texts, and int64[count + 1] where each begins
   capacity       of `folded`: at least the bytes of the first text and 128 more
   scratch        room for as many bytes as the longest text has
   folded, ends   the folded texts end to end, and int64[count] where each ends
   folded_chars   int64[count], code points of the folded texts
   chars, words   int64[count], code points, and maximal runs of bytes above the space

   Returns how many texts were folded: all, or those before one for which there is no room, or no table. */
int64_t prov_fold(const uint8_t *data, const int64_t *places, int64_t count, const fold_tables *tables,
                  uint8_t *scratch, uint8_t *folded, int64_t capacity, int64_t *ends,
                  int64_t *folded_chars, int64_t *chars, int64_t *words)
{
    room left = {folded, folded + capacity};
    for (int64_t n = 0; n < count; n++) {
        const uint8_t *text = data + places[n], *end = data + places[n + 1];
        uint8_t *start = left.at;
        if (left.limit - start < end - text + 2 * LONGEST ||
            fold_one(text, end, tables, scratch, &left) != DONE)
            return n;
        ends[n] = left.at - folded;
        folded_chars[n] = chars_in(start, left.at - start);
        chars[n] = chars_in(text, end - text);
        words[n] = words_in(text, end - text);
    }
    return count;
}
