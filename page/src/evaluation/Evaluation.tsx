import type { Status } from "../api";

export function Evaluation({ status }: { status: Status }) {
  return <p>{status.version}</p>;
}
