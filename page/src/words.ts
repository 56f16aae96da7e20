const LONGEST = 60; // characters
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u2000-\u200a\u2800\u3164\uffa0]/gu;
const JOINERS = "\u200c\u200d";
const LATIN = /[\p{Script=Latin}\p{Nd}\p{P}]/u;

/**
 * A word as it is read: characters that nobody sees, and those that turn the direction of the text, as their code
 * points; a very long word is cut. Joiners stay where a script or an emoji needs them.
 */
export function readableWord(word: string): string {
  const characters = [...word.slice(0, 2 * LONGEST + 2)];
  const shown = characters.length > LONGEST ? characters.slice(0, LONGEST) : characters;
  const text = shown.map((character, place) => {
    if (!character.match(INVISIBLE)) return character;
    const beside = [shown[place - 1], shown[place + 1]];
    const joins = JOINERS.includes(character) && beside.every((each) => each && !LATIN.test(each));
    return joins ? character : `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
  return text.join("") + (shown.length < characters.length ? "…" : "");
}
