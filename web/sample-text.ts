/** A text to start with: the log of a lighthouse that never stood, put together from phrases, so that it is long enough to learn from. */

/** Days in the log. */
const days = 420;

const winds = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];
const strengths = ["calm", "light", "light", "fresh", "fresh", "strong", "a gale"];
const seas = ["smooth", "slight", "moderate", "moderate", "rough", "high"];
const skies = [
  "clear",
  "half clouded",
  "grey from edge to edge",
  "low cloud and drizzle",
  "fog until noon",
  "stars all night",
];
const mornings = [
  "Trimmed the wick and filled the lamp.",
  "Polished the lens, all nine panels.",
  "Wound the clockwork and oiled the bearings.",
  "Painted the rail on the weather side.",
  "Carried coal up from the landing.",
  "Mended the stair where the salt had got in.",
  "Swept the gallery; feathers everywhere.",
  "Baked bread, and the whole tower smelled of it.",
];
const sights = [
  "A schooner passed close in and dipped her flag.",
  "Three fishing boats worked the bank until dusk.",
  "Geese went over in long lines, talking.",
  "A seal watched me for an hour and was not impressed.",
  "The mail boat came with flour, oil and one letter.",
  "A steamer asked her position by lamp; answered.",
  "Nobody passed. The horizon was mine alone.",
  "Terns fought over a fish and both of them lost it.",
  "A moth circled the light all night and left at dawn.",
];
const evenings = [
  "Lit the lamp at dusk. It burned well.",
  "Lit the lamp early because of the fog.",
  "Lit the lamp and read until the second watch.",
  "Lit the lamp. Wrote to my sister.",
  "Lit the lamp, sounded the horn every minute.",
  "Lit the lamp and listened to the swell.",
];
const asides = [
  "The cat has moved into the oil store.",
  "The barometer falls; so does my hope of dry socks.",
  "My brother's clock is slow again. Time here keeps itself.",
  "The kettle sings before the wind does.",
  "I counted the stairs once more: one hundred and twelve.",
  "Tomatoes on the south sill, two of them red.",
];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** The log: the same text each time. */
export function sampleText(): string {
  let state = 7;
  /** An index below `size`, by a linear congruential generator (Numerical Recipes' constants). */
  const draw = (size: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * size);
  };
  const one = (from: readonly string[]): string => from[draw(from.length)] as string;
  const entries: string[] = [];
  for (let day = 0; day < days; day++) {
    const date = new Date(Date.UTC(1871, 2, 1 + day));
    const [wind, strength] = [one(winds), one(strengths)];
    const weather =
      strength === "calm" ? "Calm" : strength === "a gale" ? `A gale from the ${wind}` : `Wind ${wind}, ${strength}`;
    const parts = [`${weather}. Sea ${one(seas)}, ${one(skies)}.`, one(mornings), one(sights)];
    if (draw(4) === 0) parts.push(one(asides));
    entries.push(`${date.getUTCDate()} ${months[date.getUTCMonth()]}\n${parts.join(" ")} ${one(evenings)}\n`);
  }
  return entries.join("\n");
}
