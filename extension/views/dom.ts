/** Making elements in one line. Text is always text: nothing is ever parsed as HTML. */

type Properties<Tag extends keyof HTMLElementTagNameMap> = { [Key in keyof HTMLElementTagNameMap[Tag]]?: HTMLElementTagNameMap[Tag][Key] | string };

/** Make an element with properties (not attributes) and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, properties: Properties<Tag> = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

/** Set attributes, such as those of ARIA. */
export function withAttributes<Element extends HTMLElement>(target: Element, attributes: Readonly<Record<string, string>>): Element {
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, value);
  return target;
}
