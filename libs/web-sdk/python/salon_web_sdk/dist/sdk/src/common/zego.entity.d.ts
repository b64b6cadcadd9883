export * from "../../../types/entities.js";
