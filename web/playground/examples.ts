export interface Example {
  title: string;
  description: string;
  query: string;
  variables: string;
}

const queries = import.meta.glob<string>("./examples/*.graphql", {
  query: "?raw",
  import: "default",
  eager: true,
});
const variables = import.meta.glob<string>("./examples/*.variables.json", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** The files of ./examples in the order of their names. */
export const examples: Example[] = Object.entries(queries).map(([path, query]) => ({
  ...heading(query),
  query: query.trimEnd(),
  variables: variables[path.replace(/\.graphql$/, ".variables.json")]?.trimEnd() ?? "",
}));

/** Reads "# Title: description", the comment every example starts with. */
function heading(query: string): Pick<Example, "title" | "description"> {
  const comment = query.slice(0, query.search(/^[^#]/m)).replace(/^# ?/gm, "").replace(/\s+/g, " ").trim();
  const colon = comment.indexOf(":");
  return { title: comment.slice(0, colon), description: comment.slice(colon + 1).trim() };
}
