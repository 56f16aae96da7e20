/** Whether the window has room for everything: what is not needed at once begins closed in a narrow one. */
export const isWide = () => matchMedia("(min-width: 60rem)").matches;
