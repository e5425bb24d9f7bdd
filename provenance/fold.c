/* norm-1 and counts of many texts in one pass; provenance/folding.py says what for.

   Every byte below 128 is looked up in `table`, where 0 means that it is dropped. General punctuation (U+2000 to
   U+203F) and the no-break space are dropped as well: norm-1 does so, and most English text holds nothing else beyond
   ASCII. A text with any other byte is marked as wide: its folded bytes mean nothing.

   data, places   the texts, and int64[count + 1] where each begins
   folded         room for as many bytes as there are in all texts
   ends           int64[count], where each folded text ends
   chars          int64[count], code points
   words          int64[count], maximal runs of bytes above the space
   wide           uint8[count]
*/

#include <stdint.h>
#include <string.h>

enum { STRIDE = 8, RUN = 256 };

/* Grows with every change of what is exported: a library of before is not called. */
const int32_t prov_fold_form = 1;

static int is_ascii(const uint8_t *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, STRIDE);
    return (bytes & 0x8080808080808080u) == 0;
}

/* Appends the folded text to `folded` and returns its new end; never writes more than it has read. */
static uint8_t *fold_text(const uint8_t *at, const uint8_t *end, const uint8_t *table,
                          uint8_t *folded, uint8_t *wide)
{
    while (at < end) {
        for (; end - at >= STRIDE && is_ascii(at); at += STRIDE) {
            for (int place = 0; place < STRIDE; place++) {
                *folded = table[at[place]];
                folded += *folded != 0;
            }
        }
        if (at == end)
            break;
        uint8_t byte = *at++;
        if (byte < 0x80) {
            *folded = table[byte];
            folded += *folded != 0;
        } else if (byte == 0xE2 && end - at >= 2 && at[0] == 0x80) {
            at += 2;
        } else if (byte == 0xC2 && end - at >= 1 && at[0] == 0xA0) {
            at += 1;
        } else {
            *wide = 1;
        }
    }
    return folded;
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

void prov_fold(const uint8_t *data, const int64_t *places, int64_t count, const uint8_t *table,
               uint8_t *folded, int64_t *ends, int64_t *chars, int64_t *words, uint8_t *wide)
{
    uint8_t *filled = folded;
    for (int64_t n = 0; n < count; n++) {
        const uint8_t *text = data + places[n], *end = data + places[n + 1];
        wide[n] = 0;
        filled = fold_text(text, end, table, filled, &wide[n]);
        ends[n] = filled - folded;
        chars[n] = chars_in(text, end - text);
        words[n] = words_in(text, end - text);
    }
}
