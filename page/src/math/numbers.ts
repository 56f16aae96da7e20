/** A number as it is read: four significant digits, with a true minus sign. */
export function readable(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? scientific(value) : String(Number(value.toPrecision(4)));
  return text.replace("-", "−");
}

/** A number with so many digits behind the point. */
export const fixed = (value: number, digits: number) => value.toFixed(digits).replace("-", "−");

function scientific(value: number): string {
  const [digits = "", power = ""] = value.toExponential(2).split("e");
  return `${digits} × 10${raised(Number(power))}`;
}

export const raised = (value: number) => [...String(value)].map((sign) => RAISED[sign]).join("");

const RAISED: Record<string, string> = {
  "-": "⁻",
  ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((raised, digit) => [String(digit), raised])),
};
